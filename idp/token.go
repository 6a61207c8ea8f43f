package idp

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
)

type tokenResponse struct {
	AccessToken    string `json:"access_token"`
	ExpiresIn      int64  `json:"expires_in"` // seconds
	RefreshToken   string `json:"refresh_token,omitempty"`
	RefreshTokenID string `json:"refresh_token_id,omitempty"`
	Scope          string `json:"scope,omitempty"`
	TokenType      string `json:"token_type"`
	UserID         string `json:"userId"`
}

// token answers POST /oauth2/token.
func (s *Server) token(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Pragma", "no-cache") // RFC 6749 §5.1; no-store is there already
	answer, err := s.exchange(w, r)
	if wrong, ok := errors.AsType[*oauthError](err); ok && wrong.status() == http.StatusUnauthorized && r.Header.Get("Authorization") != "" {
		w.Header().Set("WWW-Authenticate", `Basic realm="latchkey"`)
	}
	if err != nil {
		return err
	}
	return fusion.Reply(w, http.StatusOK, answer)
}

// exchange checks the whole request before it touches the refresh token, so that a stranger's probe
// neither spends nor revokes it.
func (s *Server) exchange(w http.ResponseWriter, r *http.Request) (tokenResponse, error) {
	form, err := tokenForm(w, r)
	if err != nil {
		return tokenResponse{}, err
	}
	var exchange func(*http.Request, url.Values, application) (tokenResponse, error)
	grant := form.Get("grant_type")
	switch grant {
	case grantRefreshToken:
		exchange = s.exchangeRefreshToken
	case grantPassword:
		exchange = s.exchangePassword
	case "":
		return tokenResponse{}, invalidRequest("missing_grant_type", "The grant_type is missing.")
	default:
		return tokenResponse{}, &oauthError{Code: "unsupported_grant_type", Description: "The grants are refresh_token and password.", Reason: "invalid_grant_type"}
	}
	app, err := s.client(r, form)
	if err != nil {
		return tokenResponse{}, err
	}
	if !slices.Contains(app.EnabledGrants, grant) {
		return tokenResponse{}, &oauthError{Code: "unauthorized_client", Description: "The grant is not enabled for this client.", Reason: "grant_type_disabled"}
	}
	return exchange(r, form, app)
}

func (s *Server) exchangeRefreshToken(r *http.Request, form url.Values, app application) (tokenResponse, error) {
	if form.Get("refresh_token") == "" {
		return tokenResponse{}, invalidRequest("missing_refresh_token", "The refresh_token is missing.")
	}
	answer, err := s.exchanged(r, form, app)
	if errors.Is(err, errTokenInvalid) || errors.Is(err, errTokenDead) {
		s.logRefusal(r, err.Error())
		return tokenResponse{}, &oauthError{Code: "invalid_grant", Description: "The refresh token is not good, or no longer.", Reason: "refresh_token_not_found"}
	}
	return answer, err
}

func (s *Server) exchanged(r *http.Request, form url.Values, app application) (tokenResponse, error) {
	ctx := r.Context()
	g, err := s.refreshTokens.grant(ctx, form.Get("refresh_token"))
	if err != nil {
		return tokenResponse{}, err
	}
	if g.app.ID != app.ID || !tenantAgrees(r, form, app) {
		return tokenResponse{}, errTokenInvalid
	}
	ttl, scope, err := narrowed(form, g)
	if err != nil {
		return tokenResponse{}, err
	}
	successor, g, err := s.refreshTokens.rotate(ctx, g, fusion.Caller(r))
	if err != nil {
		return tokenResponse{}, err
	}
	c := s.tokens.refreshed(g, ttl)
	c.Scope = scope
	jwt, err := s.tokens.sign(ctx, g.app, c, grantRefreshToken)
	if err != nil {
		return tokenResponse{}, err
	}
	s.log.InfoContext(ctx, "refresh", "refresh_token", g.family.id, "user", g.user.ID, "application", g.app.ID)
	return tokenResponse{
		AccessToken: jwt, ExpiresIn: int64(ttl / time.Second), RefreshToken: successor, RefreshTokenID: g.family.id,
		Scope: scope, TokenType: "Bearer", UserID: g.user.ID,
	}, nil
}

// tenantAgrees reports whether the tenant that the request names, if any, is
// the client's.
func tenantAgrees(r *http.Request, form url.Values, app application) bool {
	for _, named := range append(r.Header.Values("X-FusionAuth-TenantId"), form.Get("tenantId")) {
		if named != "" && !strings.EqualFold(named, app.TenantID) {
			return false
		}
	}
	return true
}

// narrowed returns the lifetime and the scope of the new token. Both can only be less than what was
// granted (RFC 6749 §6).
func narrowed(form url.Values, g grant) (ttl time.Duration, scope string, err error) {
	if ttl, err = requestedTTL(form, g.app); err != nil {
		return 0, "", err
	}
	wanted := strings.Fields(form.Get("scope"))
	if len(wanted) == 0 {
		wanted = g.family.scopes
	}
	for _, w := range wanted {
		if !slices.Contains(g.family.scopes, w) {
			return 0, "", &oauthError{Code: "invalid_scope", Description: "The scope was not granted at login.", Reason: "unknown_scope"}
		}
	}
	return ttl, strings.Join(wanted, " "), nil
}

// requestedTTL is the lifetime of an access token that the form asks for. A form that asks for a
// resource is refused.
func requestedTTL(form url.Values, app application) (time.Duration, error) {
	if form.Get("resource") != "" {
		return 0, &oauthError{Code: "invalid_target", Description: "The client has no resources.", Reason: "unknown"}
	}
	var seconds int64
	if text := form.Get("expires_in"); text != "" {
		var err error
		if seconds, err = strconv.ParseInt(text, 10, 64); err != nil || seconds == 0 {
			seconds = -1
		}
	}
	ttl, ok := shorterTTL(app.AccessTokenTTL, seconds)
	if !ok {
		return 0, invalidRequest("invalid_expires_in", "The life of the token can only be made shorter.")
	}
	return ttl, nil
}
