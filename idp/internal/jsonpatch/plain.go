package jsonpatch

import (
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
)

func applyPlain(text, patch []byte) ([]byte, error) {
	var change Members
	if err := fusion.DecodeJSON(patch, &change); err != nil {
		return nil, err
	}
	return merge(text, change)
}

// merge returns the object with the patch's members in it. A value that is not an object counts as
// an empty one.
func merge(object jsontext.Value, patch Members) (jsontext.Value, error) {
	merged := Members{}
	if object.Kind() == '{' {
		if err := json.Unmarshal(object, &merged); err != nil {
			return nil, err
		}
	}
	for name, value := range patch {
		if value.Kind() == 'n' {
			delete(merged, name)
			continue
		}
		result, err := mergeValue(merged[name], value)
		if err != nil {
			return nil, err
		}
		merged[name] = result
	}
	return json.Marshal(merged)
}

// mergeValue merges objects, appends arrays and replaces everything else.
func mergeValue(old, value jsontext.Value) (jsontext.Value, error) {
	switch {
	case value.Kind() == '{':
		var members Members
		if err := json.Unmarshal(value, &members); err != nil {
			return nil, err
		}
		return merge(old, members)
	case value.Kind() == '[' && old.Kind() == '[':
		return concat(old, value)
	}
	return value, nil
}

// concat returns the elements of two arrays in one.
func concat(a, b jsontext.Value) (jsontext.Value, error) {
	var first, second []jsontext.Value
	if err := json.Unmarshal(a, &first); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(b, &second); err != nil {
		return nil, err
	}
	return json.Marshal(slices.Concat(first, second))
}
