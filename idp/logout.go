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
	err = s.endLogin(r.Context(), form.Get("refreshToken"), form.Get("global") == "true")
	if errors.Is(err, errTokenInvalid) || errors.Is(err, errTokenDead) {
		return nil
	}
	return err
}

// endLogin revokes the family of a refresh token: of any in its line, because
// the successor may never have arrived. Only a token that is still good can
// end all logins of its user.
func (s *Server) endLogin(ctx context.Context, value string, global bool) error {
	g, err := s.grant(ctx, value)
	if err != nil {
		return err
	}
	if global && g.judge(s.now()) == refreshtoken.Good {
		_, err = s.revoke(ctx, "logout everywhere", revocation{userID: g.user.ID})
		return err
	}
	_, err = s.revoke(ctx, "logout", revocation{id: g.family.id})
	return err
}
