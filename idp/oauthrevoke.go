package idp

import (
	"errors"
	"net/http"

	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
)

// revokeOAuth answers POST /oauth2/revoke (RFC 7009). A refresh token ends its login, whichever
// value of its line it is; one that is not good is 200, because it is as its client wants it. An
// access token lives until it expires (§2.2.1).
func (s *Server) revokeOAuth(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Pragma", "no-cache") // RFC 6749 §5.1
	form, err := tokenForm(w, r)
	if err != nil {
		return err
	}
	app, err := s.client(r, form)
	if err != nil {
		return err
	}
	value := form.Get("token")
	if value == "" {
		return invalidRequest("missing_token", "The token is missing.")
	}
	t, err := s.secrets.refresh.Parse(value)
	if err != nil {
		return s.revokeOther(r, value)
	}
	f, err := readFamily(r.Context(), s.db, t.Family.String())
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if f.applicationID != app.ID {
		return &oauthError{Code: "invalid_grant", Description: "The token was issued to another client.", Reason: "refresh_token_not_found"}
	}
	_, err = s.refreshTokens.revoke(r.Context(), fusion.Caller(r), "revoked by its client", revocation{id: f.id})
	return err
}

// revokeOther answers for what is no refresh token.
func (s *Server) revokeOther(r *http.Request, value string) error {
	_, err := s.tokens.verify(r.Context(), value)
	switch {
	case errors.Is(err, errJWT):
		return nil
	case err != nil:
		return err
	}
	return &oauthError{Code: "unsupported_token_type", Description: "An access token lives until it expires: revoke the refresh token.", Reason: "unknown"}
}
