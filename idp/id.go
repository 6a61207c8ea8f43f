package idp

import (
	"github.com/google/uuid"

	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
)

// newID returns the id that a request chooses for a new object, or a random one if it chooses none.
func newID(field, chosen string) (string, error) {
	id, err := fusion.ParseID(field, chosen)
	if err != nil {
		return "", err
	}
	if id == "" {
		return uuid.NewString(), nil
	}
	return id, nil
}
