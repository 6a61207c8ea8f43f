package idp

import (
	"context"
	"errors"

	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
	"github.com/latchkey-dev/latchkey/idp/internal/signing"
)

// RotateSigningKey creates a new key for the JWTs and returns its id. It is published at once, at
// /.well-known/jwks.json, and signs ten minutes later, when everybody who caches the keys has it;
// the key before verifies what it has signed as long as an access token may live.
// Config.KeyRotation does this by itself.
func (s *Server) RotateSigningKey(ctx context.Context) (string, error) { return s.keys.Rotate(ctx) }

// knownKeyID returns the id of a key that a request names.
func knownKeyID(ctx context.Context, keys *signing.Ring, field, id string) (string, error) {
	id, err := fusion.ParseID(field, id)
	if err != nil || id == "" {
		return id, err
	}
	_, err = keys.NamedByID(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return "", fusion.Invalid(field, "invalid", "There is no such key.")
	}
	return id, err
}
