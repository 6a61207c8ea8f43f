package idp

import (
	"errors"
	"maps"
	"net/http"
	"slices"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"github.com/go-json-experiment/json"
)

// Media types of patches.
const (
	plainJSON  = "application/json"             // FusionAuth's own: members are merged, null removes, and arrays are appended to
	mergePatch = "application/merge-patch+json" // RFC 7396: arrays are replaced
	jsonPatch  = "application/json-patch+json"  // RFC 6902: a list of operations
)

// readPatch returns the object that a PATCH makes of the current one, under its name.
func readPatch(w http.ResponseWriter, r *http.Request, name string, current any) ([]byte, error) {
	body, err := readBody(w, r)
	if err != nil {
		return nil, err
	}
	return patched(mediaType(r), body, name, current)
}

func patched(mediaType string, patch []byte, name string, current any) ([]byte, error) {
	text, err := json.Marshal(map[string]any{name: current})
	if err != nil {
		return nil, err
	}
	switch mediaType {
	case "", plainJSON:
		return mergedAsFusionAuth(text, patch)
	case mergePatch:
		var object map[string]any // anything else would replace the whole
		if err := decodeJSON(patch, &object); err != nil {
			return nil, err
		}
		text, err = jsonpatch.MergePatch(text, patch)
		return text, notApplicable(err)
	case jsonPatch:
		return operated(text, patch)
	}
	return nil, errMediaType
}

// operated applies the operations of RFC 6902, all or none. What they copy is bounded.
func operated(text, patch []byte) ([]byte, error) {
	var operations []map[string]any
	if err := decodeJSON(patch, &operations); err != nil {
		return nil, err
	}
	parsed, err := jsonpatch.DecodePatch(patch)
	if err != nil {
		return nil, notApplicable(err)
	}
	text, err = parsed.ApplyWithOptions(text, &jsonpatch.ApplyOptions{AccumulatedCopySizeLimit: maxBody})
	return text, notApplicable(err)
}

// notApplicable does not quote the patch: there are passwords in it.
func notApplicable(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, jsonpatch.ErrTestFailed):
		return invalid("", "patchTestFailed", "A test of the patch has failed, and nothing was changed.")
	}
	return invalid("", "invalidPatch", "The patch does not fit what is there, and nothing was changed. Paths begin with the name of the object, such as /user/firstName.")
}

func mergedAsFusionAuth(text, patch []byte) ([]byte, error) {
	var object, change map[string]any
	if err := decodeJSON(patch, &change); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &object); err != nil {
		return nil, err
	}
	return json.Marshal(merge(object, change))
}

func merge(object, patch map[string]any) map[string]any {
	out := maps.Clone(object)
	for name, value := range patch {
		was, is := out[name], value
		wasObject, ok1 := was.(map[string]any)
		isObject, ok2 := is.(map[string]any)
		wasArray, ok3 := was.([]any)
		isArray, ok4 := is.([]any)
		switch {
		case is == nil:
			delete(out, name)
		case ok2 && ok1:
			out[name] = merge(wasObject, isObject)
		case ok2:
			out[name] = merge(map[string]any{}, isObject) // without its nulls
		case ok3 && ok4:
			out[name] = slices.Concat(wasArray, isArray)
		default:
			out[name] = is
		}
	}
	return out
}
