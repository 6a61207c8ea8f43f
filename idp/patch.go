package idp

import (
	"errors"
	"net/http"
	"slices"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
	"github.com/latchkey-dev/latchkey/internal/crash"
)

// Media types of patches.
const (
	plainJSON  = "application/json"             // FusionAuth's own: members are merged, null removes, and arrays are appended to
	mergePatch = "application/merge-patch+json" // RFC 7396: arrays are replaced
	jsonPatch  = "application/json-patch+json"  // RFC 6902: a list of operations
)

// A change reads into a body what becomes of the current object.
type change func(current, body any) error

// readChange reads a PUT, which replaces the object, or a PATCH, which depends on what it is when it is written.
func readChange(w http.ResponseWriter, r *http.Request, name string) (change, error) {
	text, err := fusion.ReadBody(w, r)
	t := fusion.MediaType(r)
	switch {
	case err != nil:
		return nil, err
	case r.Method == http.MethodPatch:
		return func(current, body any) error {
			text, err := patched(t, text, name, current)
			if err != nil {
				return err
			}
			return fusion.DecodeJSON(text, body)
		}, nil
	case len(text) > 0 && t != "" && t != plainJSON:
		return nil, fusion.ErrMediaType
	}
	return func(_, body any) error {
		if len(text) == 0 {
			return nil
		}
		return fusion.DecodeJSON(text, body)
	}, nil
}

// errOvertaken is a change of something that somebody else has changed since it was read.
var errOvertaken = errors.New("idp: changed meanwhile")

// overtaken is errOvertaken for an UPDATE of what was read that met no row.
func overtaken(err error) error {
	if errors.Is(err, ErrNotFound) {
		return errOvertaken
	}
	return err
}

// patched applies a patch to the object of that name. One that takes the object away is refused:
// what is left, an empty object, may be allowed more than it.
func patched(mediaType string, patch []byte, name string, current any) ([]byte, error) {
	text, err := json.Marshal(map[string]any{name: current})
	if err != nil {
		return nil, err
	}
	if jsontext.Value(patch).Kind() == 'n' {
		return nil, fusion.ErrJSON
	}
	if text, err = applied(mediaType, text, patch); err != nil {
		return nil, err
	}
	var left members
	if err := fusion.DecodeJSON(text, &left); err != nil {
		return nil, err
	}
	if left[name].Kind() != '{' {
		return nil, errNotApplicable
	}
	return text, nil
}

func applied(mediaType string, text, patch []byte) ([]byte, error) {
	switch mediaType {
	case "", plainJSON:
		return mergedAsFusionAuth(text, patch)
	case mergePatch:
		var object members // anything else would replace the whole
		if err := fusion.DecodeJSON(patch, &object); err != nil {
			return nil, err
		}
		err := crash.Contain(func() (err error) { text, err = jsonpatch.MergePatch(text, patch); return err })
		return text, notApplicable(err)
	case jsonPatch:
		return operated(text, patch)
	}
	return nil, fusion.ErrMediaType
}

// operated applies the operations of RFC 6902, all or none. What they copy is bounded.
func operated(text, patch []byte) ([]byte, error) {
	var operations []members
	if err := fusion.DecodeJSON(patch, &operations); err != nil {
		return nil, err
	}
	err := crash.Contain(func() error { // the library does, on a null that is tested against an array or an object
		parsed, err := jsonpatch.DecodePatch(patch)
		if err == nil {
			text, err = parsed.ApplyWithOptions(text, &jsonpatch.ApplyOptions{AccumulatedCopySizeLimit: fusion.MaxBody})
		}
		return err
	})
	return text, notApplicable(err)
}

// notApplicable does not quote the patch: there are passwords in it.
func notApplicable(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, jsonpatch.ErrTestFailed):
		return fusion.Invalid("", "patchTestFailed", "A test of the patch has failed, and nothing was changed.")
	}
	return errNotApplicable
}

var errNotApplicable = fusion.Invalid("", "invalidPatch", "The patch does not fit what is there, and nothing was changed. Paths begin with the name of the object, such as /user/firstName.")

func mergedAsFusionAuth(text, patch []byte) ([]byte, error) {
	var change members
	if err := fusion.DecodeJSON(patch, &change); err != nil {
		return nil, err
	}
	return merge(text, change)
}

// members are those of an object, as they are written: numbers may have more digits than a float64.
type members map[string]jsontext.Value

// merge returns the object with the patch's members in it. What is no object is taken for an empty one.
func merge(object jsontext.Value, patch members) (jsontext.Value, error) {
	out := members{}
	if object.Kind() == '{' {
		if err := json.Unmarshal(object, &out); err != nil {
			return nil, err
		}
	}
	for name, is := range patch {
		was, err := out[name], error(nil)
		switch kind := is.Kind(); {
		case kind == 'n':
			delete(out, name)
		case kind == '{':
			var inner members
			if err = json.Unmarshal(is, &inner); err == nil {
				out[name], err = merge(was, inner)
			}
		case kind == '[' && was.Kind() == '[':
			out[name], err = joined(was, is)
		default:
			out[name] = is
		}
		if err != nil {
			return nil, err
		}
	}
	return json.Marshal(out)
}

// joined returns the elements of two arrays in one.
func joined(a, b jsontext.Value) (jsontext.Value, error) {
	var one, two []jsontext.Value
	if err := json.Unmarshal(a, &one); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(b, &two); err != nil {
		return nil, err
	}
	return json.Marshal(slices.Concat(one, two))
}
