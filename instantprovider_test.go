package latchkey_test

import (
	"context"
	"strings"
	"time"

	"github.com/latchkey-dev/latchkey"
)

// instant is a provider that says yes, with tokens as long as real ones.
type instant struct{ latchkey.Provider }

func (instant) Login(_ context.Context, c latchkey.Credentials) (latchkey.Grant, error) {
	user := latchkey.User{ID: "8d6f2a52-6a3c-4c2e-9d2f-6f0b8f0f4c11", Email: c.LoginID, EmailVerified: true, FirstName: "Ada", LastName: "Lovelace", Roles: []string{"customer"}}
	return latchkey.Grant{
		User: user, Token: latchkey.Secret(strings.Repeat("x", jwtLength)), TokenExpiresAt: time.Now().Add(time.Hour),
		RefreshToken: latchkey.Secret(strings.Repeat("y", 64)), RefreshTokenID: "5b7c9a0e-9f2e-4a2b-8f43-0c6f4d1b7e55",
	}, nil
}

const jwtLength = 700 // with ES256 and a few claims
