package dbsc

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// An object is a JSON object, strictly: names count in their case, and none is there twice, at any
// depth. Two readers of what is signed cannot disagree about it.
type object map[string]json.RawMessage

func parseObject(text []byte) (object, error) {
	if !utf8.Valid(text) {
		return nil, errors.New("dbsc: JSON is not UTF-8")
	}
	var members object
	if err := json.Unmarshal(text, &members); err != nil {
		return nil, errors.New("dbsc: not a JSON object")
	}
	return members, checkNames(text)
}

// checkNames looks for duplicate names in valid JSON.
func checkNames(text []byte) error {
	// For each open object, its names so far; nil for an array.
	var open []map[string]bool
	wantName := false // the next token is a name, or the end of an object
	in := json.NewDecoder(bytes.NewReader(text))
	in.UseNumber() // of any size
	for {
		t, err := in.Token()
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return errors.New("dbsc: not JSON")
		case t == json.Delim('{'):
			open = append(open, make(map[string]bool))
		case t == json.Delim('['):
			open = append(open, nil)
		case t == json.Delim('}') || t == json.Delim(']'):
			open = open[:len(open)-1]
		case wantName:
			names, name := open[len(open)-1], t.(string)
			if names[name] {
				return errors.New("dbsc: a JSON object has a name twice")
			}
			names[name], wantName = true, false
			continue
		}
		wantName = len(open) > 0 && open[len(open)-1] != nil
	}
}

// text returns a member that is a string.
func (o object) text(name string) (string, error) {
	raw, found := o[name]
	if !found {
		return "", fmt.Errorf("dbsc: %s is missing", name)
	}
	var value *string
	if err := json.Unmarshal(raw, &value); err != nil || value == nil {
		return "", fmt.Errorf("dbsc: %s is not a string", name)
	}
	return *value, nil
}

// refuse is an error if one of the names is a member.
func (o object) refuse(names ...string) error {
	for _, name := range names {
		if _, found := o[name]; found {
			return fmt.Errorf("dbsc: %s is not allowed", name)
		}
	}
	return nil
}
