package idp

import (
	"maps"
	"net/http"
	"slices"

	"github.com/go-json-experiment/json"
)

// mergePatch is the media type of RFC 7396.
const mergePatch = "application/merge-patch+json"

// readPatch returns the object that a PATCH makes of the current one. A patch in plain JSON is FusionAuth's: members are merged, null removes, and arrays are
// appended to; with the media type of RFC 7396 arrays are replaced.
func readPatch(w http.ResponseWriter, r *http.Request, name string, current any) ([]byte, error) {
	body, err := readBody(w, r)
	if err != nil {
		return nil, err
	}
	t := mediaType(r)
	if t != "" && t != "application/json" && t != mergePatch {
		return nil, errMediaType
	}
	var patch map[string]any
	if err := decodeJSON(body, &patch); err != nil {
		return nil, err
	}
	text, err := json.Marshal(map[string]any{name: current})
	if err != nil {
		return nil, err
	}
	var object map[string]any
	if err := json.Unmarshal(text, &object); err != nil {
		return nil, err
	}
	return json.Marshal(merge(object, patch, t != mergePatch))
}

func merge(object, patch map[string]any, appendArrays bool) map[string]any {
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
			out[name] = merge(wasObject, isObject, appendArrays)
		case ok2:
			out[name] = merge(map[string]any{}, isObject, appendArrays) // without its nulls
		case ok3 && ok4 && appendArrays:
			out[name] = slices.Concat(wasArray, isArray)
		default:
			out[name] = is
		}
	}
	return out
}
