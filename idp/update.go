package idp

import (
	"errors"
	"net/http"

	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
	"github.com/latchkey-dev/latchkey/idp/internal/jsonpatch"
)

// A change reads into a body what becomes of the current object.
type change func(current, body any) error

// readChange reads a PUT, which replaces the object, or a PATCH, which depends on what the object
// is when it is written.
func readChange(w http.ResponseWriter, r *http.Request, name string) (change, error) {
	text, err := fusion.ReadBody(w, r)
	t := fusion.MediaType(r)
	switch {
	case err != nil:
		return nil, err
	case r.Method == http.MethodPatch:
		return func(current, body any) error {
			text, err := jsonpatch.Apply(t, text, name, current)
			if err != nil {
				return err
			}
			return fusion.DecodeJSON(text, body)
		}, nil
	case len(text) > 0 && t != "" && t != jsonpatch.Plain:
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
var errOvertaken = errors.New("idp: changed by another call")

// untilCurrent repeats a change until nobody else has changed the object between reading and
// writing.
func untilCurrent[T any](change func() (T, error)) (T, error) {
	for {
		made, err := change()
		if !errors.Is(err, errOvertaken) {
			return made, err
		}
	}
}

// overtaken is errOvertaken for an UPDATE of what was read that met no row.
func overtaken(err error) error {
	if errors.Is(err, ErrNotFound) {
		return errOvertaken
	}
	return err
}
