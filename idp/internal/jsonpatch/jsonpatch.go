// Package jsonpatch applies a PATCH body to the JSON form of an object.
package jsonpatch

import (
	"errors"

	evanphx "github.com/evanphx/json-patch/v5"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
	"github.com/latchkey-dev/latchkey/internal/crash"
)

// Media types of patches.
const (
	// FusionAuth's: members are merged, null removes, and arrays are appended to
	Plain = "application/json"
	Merge = "application/merge-patch+json" // RFC 7396: arrays are replaced
	Patch = "application/json-patch+json"  // RFC 6902: a list of operations
)

var (
	errTestFailed    = fusion.Invalid("", "patchTestFailed", "A test of the patch has failed, and nothing was changed.")
	errNotApplicable = fusion.Invalid("", "invalidPatch",
		"The patch does not fit the object, and nothing was changed. Paths begin with the name of the object, such as /user/firstName.")
)

// Members are the members of an object. Numbers keep digits that a float64 would lose.
type Members map[string]jsontext.Value

// Apply applies a patch to {name: current} and returns the patched text. An empty media type is
// Plain. A patch that replaces or removes the object as a whole does not fit: an object without its
// members may be allowed more than the one that had them.
//
// Errors do not quote the patch, which may contain a password.
func Apply(mediaType string, patch []byte, name string, current any) ([]byte, error) {
	text, err := json.Marshal(map[string]any{name: current})
	if err != nil {
		return nil, err
	}
	if jsontext.Value(patch).Kind() == 'n' {
		return nil, fusion.ErrJSON
	}
	if text, err = apply(mediaType, text, patch); err != nil {
		return nil, err
	}
	var patched Members
	if err := fusion.DecodeJSON(text, &patched); err != nil {
		return nil, err
	}
	if patched[name].Kind() != '{' {
		return nil, errNotApplicable
	}
	return text, nil
}

func apply(mediaType string, text, patch []byte) ([]byte, error) {
	switch mediaType {
	case "", Plain:
		return applyPlain(text, patch)
	case Merge:
		return applyMerge(text, patch)
	case Patch:
		return applyOperations(text, patch)
	}
	return nil, fusion.ErrMediaType
}

// applyMerge accepts only objects: any other value would replace the whole text.
func applyMerge(text, patch []byte) ([]byte, error) {
	var object Members
	if err := fusion.DecodeJSON(patch, &object); err != nil {
		return nil, err
	}
	err := crash.Contain(func() (err error) {
		text, err = evanphx.MergePatch(text, patch)
		return err
	})
	return text, classify(err)
}

// applyOperations applies all operations or none. The library panics on some, such as a test of a
// null against an array.
func applyOperations(text, patch []byte) ([]byte, error) {
	var operations []Members
	if err := fusion.DecodeJSON(patch, &operations); err != nil {
		return nil, err
	}
	err := crash.Contain(func() error {
		parsed, err := evanphx.DecodePatch(patch)
		if err == nil {
			text, err = parsed.ApplyWithOptions(text, &evanphx.ApplyOptions{AccumulatedCopySizeLimit: fusion.MaxBody})
		}
		return err
	})
	return text, classify(err)
}

func classify(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, evanphx.ErrTestFailed):
		return errTestFailed
	}
	return errNotApplicable
}
