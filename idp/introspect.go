package idp

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
)

// introspect answers POST /oauth2/introspect (RFC 7662). It looks for a refresh token only if the
// hint says so. A client learns of its own tokens only.
func (s *Server) introspect(w http.ResponseWriter, r *http.Request) error {
	form, err := tokenForm(w, r)
	if err != nil {
		return err
	}
	app, err := s.client(r, form)
	if err != nil {
		return err
	}
	inspect := s.introspectJWT
	switch form.Get("token_type_hint") {
	case "", "access_token", "id_token":
	case "refresh_token":
		inspect = s.introspectRefreshToken
	default:
		return invalidRequest("invalid_token_type_hint", "The hints are access_token, id_token and refresh_token.")
	}
	answer, err := inspect(r, form, app)
	if err != nil {
		return err
	}
	return fusion.Reply(w, http.StatusOK, answer)
}

func (s *Server) introspectJWT(r *http.Request, form url.Values, app application) (any, error) {
	if form.Get("token") == "" {
		return nil, invalidRequest("missing_token", "The token is missing.")
	}
	c, err := s.tokens.verify(r.Context(), form.Get("token"))
	if errors.Is(err, errJWT) {
		return inactiveToken{}, nil
	}
	if err != nil {
		return nil, err
	}
	if c.Audience != app.ID {
		return nil, invalidClient("invalid_client", "The token was issued to another client.")
	}
	return struct {
		Active bool `json:"active"`
		claims
	}{true, c}, nil
}

// inactiveToken is the answer about a token that is not good.
type inactiveToken struct {
	Active bool `json:"active"`
}

func (s *Server) introspectRefreshToken(r *http.Request, form url.Values, app application) (any, error) {
	t, err := s.secrets.refresh.Parse(form.Get("token"))
	if err != nil {
		return inactiveToken{}, nil
	}
	f, of, err := s.refreshTokens.living(r.Context(), t.Family.String())
	if errors.Is(err, ErrNotFound) {
		return inactiveToken{}, nil
	}
	if err != nil {
		return nil, err
	}
	if t.Counter != f.Current(of.tokenPolicy()) {
		return inactiveToken{}, nil
	}
	if of.ID != app.ID {
		return nil, invalidClient("invalid_client", "The token was issued to another client.")
	}
	return struct {
		Active    bool  `json:"active"`
		ExpiresAt int64 `json:"exp,omitzero"` // milliseconds, as FusionAuth has it here
	}{true, database.Millis(f.Deadline(of.tokenPolicy()))}, nil
}
