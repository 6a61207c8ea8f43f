package idp

import (
	"context"
	"errors"
	"net/http"

	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
	"github.com/latchkey-dev/latchkey/idp/internal/refreshtoken"
)

// logout answers POST /api/logout: 200, whatever was sent, unless the end could not be stored. The
// refresh token is the credential.
func (s *Server) logout(w http.ResponseWriter, r *http.Request) error {
	form, err := fusion.Parameters(w, r)
	if err != nil {
		return nil // it names no token, so there is nothing to end
	}
	end := s.refreshTokens.endLogin
	if form.Get("global") == "true" {
		end = s.refreshTokens.endAllLogins
	}
	err = end(r.Context(), fusion.Caller(r), form.Get("refreshToken"))
	if errors.Is(err, errTokenInvalid) || errors.Is(err, errTokenDead) {
		return nil
	}
	return err
}

// endLogin revokes the family of a refresh token: of any in its line, because the successor may
// never have arrived.
func (ts refreshTokens) endLogin(ctx context.Context, caller, value string) error {
	g, err := ts.grant(ctx, value)
	if err != nil {
		return err
	}
	_, err = ts.revoke(ctx, caller, "logout", revocation{id: g.family.id})
	return err
}

// endAllLogins revokes all families of the user of a refresh token. A token that is no longer good
// can only end its own login.
func (ts refreshTokens) endAllLogins(ctx context.Context, caller, value string) error {
	g, err := ts.grant(ctx, value)
	if err != nil {
		return err
	}
	if g.judge(ts.now()) != refreshtoken.Good {
		_, err = ts.revoke(ctx, caller, "logout", revocation{id: g.family.id})
		return err
	}
	_, err = ts.revoke(ctx, caller, "logout everywhere", revocation{userID: g.user.ID})
	return err
}
