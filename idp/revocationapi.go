package idp

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
)

// revokeRefreshTokens answers DELETE /api/jwt/refresh in all its forms: by id or by value, for an
// API key or the JWT of the owner; by user, application or both, for an API key.
func (s *Server) revokeRefreshTokens(w http.ResponseWriter, r *http.Request) error {
	by, err := s.revoker(r)
	if err != nil {
		return err
	}
	form, err := fusion.Parameters(w, r)
	if err != nil {
		return err
	}
	return s.revokeSelected(r, form, by)
}

// revoker is the caller of a revocation.
type revoker struct {
	owner string // the subject of a JWT; "" for an API key
	scope scope
}

func (s *Server) revoker(r *http.Request) (revoker, error) {
	token, ok := bearerToken(r)
	if !ok {
		sc, err := s.authorize(r, "/api/jwt/refresh")
		return revoker{scope: sc}, err
	}
	c, err := s.tokens.verify(r.Context(), token)
	if err != nil {
		return revoker{}, err
	}
	return revoker{c.Subject, scope(c.TenantID)}, nil
}

func (s *Server) revokeSelected(r *http.Request, form url.Values, by revoker) error {
	tokenID, err1 := fusion.ParseID("tokenId", r.PathValue("tokenId"))
	userID, err2 := fusion.ParseID("userId", form.Get("userId"))
	applicationID, err3 := fusion.ParseID("applicationId", form.Get("applicationId"))
	if err := errors.Join(err1, err2, err3); err != nil {
		return err
	}
	if value := form.Get("token"); tokenID == "" && value != "" {
		t, err := s.secrets.refresh.Parse(value)
		if err != nil {
			return ErrNotFound
		}
		tokenID = t.Family.String()
	}
	if tokenID != "" {
		return s.refreshTokens.revokeOne(r.Context(), fusion.Caller(r), tokenID, by)
	}
	if userID == "" && applicationID == "" {
		return fusion.Invalid("token", "blank", "Say which refresh tokens.")
	}
	if by.owner != "" {
		return errUnauthorized
	}
	_, err := s.refreshTokens.revoke(r.Context(), fusion.Caller(r), "revoked by API", revocation{userID: userID, applicationID: applicationID, tenantID: string(by.scope)})
	return err
}

// revokeOne revokes a refresh token. ErrNotFound: there is none that is not revoked yet.
func (ts refreshTokens) revokeOne(ctx context.Context, caller, id string, by revoker) error {
	f, err := readFamily(ctx, ts.db, id)
	if err != nil {
		return err
	}
	if !by.scope.covers(f.tenantID) {
		return ErrNotFound
	}
	if by.owner != "" && by.owner != f.userID {
		return errUnauthorized
	}
	n, err := ts.revoke(ctx, caller, "revoked by API", revocation{id: id})
	if err != nil {
		return err
	}
	if n == 0 {
		return ErrNotFound
	}
	return nil
}
