package fusionauth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/latchkey-dev/latchkey"
)

// refreshResponse is the 200 of both refresh calls.
type refreshResponse struct {
	Token          string `json:"token"` // POST /api/jwt/refresh
	RefreshToken   string `json:"refreshToken"`
	RefreshTokenID string `json:"refreshTokenId"`

	AccessToken         string `json:"access_token"` // POST /oauth2/token
	OAuthRefreshToken   string `json:"refresh_token"`
	OAuthRefreshTokenID string `json:"refresh_token_id"`
}

// Refresh calls POST /oauth2/token if there is a client secret, else POST /api/jwt/refresh.
func (c *Client) Refresh(ctx context.Context, r latchkey.Renewal) (latchkey.Grant, error) {
	ask, refused := c.longestRefresh, c.jwtRefused
	if c.config.ClientSecret != "" {
		ask, refused = c.oauthRefresh, c.oauthRefused
	}
	a, err := ask(ctx, r)
	if err != nil {
		return latchkey.Grant{}, err
	}
	if a.status != http.StatusOK {
		return latchkey.Grant{}, refused(ctx, a)
	}
	return c.refreshed(a, r)
}

// longestRefresh asks for a JWT that lives as long as the server allows.
func (c *Client) longestRefresh(ctx context.Context, r latchkey.Renewal) (answer, error) {
	return c.jwtRefresh(ctx, r, 0)
}

func (c *Client) jwtRefresh(ctx context.Context, r latchkey.Renewal, timeToLive int64) (answer, error) {
	body := struct {
		RefreshToken string    `json:"refreshToken"`
		TimeToLive   int64     `json:"timeToLiveInSeconds,omitempty"`
		EventInfo    eventInfo `json:"eventInfo"`
	}{string(r.RefreshToken), timeToLive, eventInfo{IPAddress: r.Device.IP, UserAgent: r.Device.UserAgent}}
	// Without the API key and the tenant: the call needs neither, and a key without permission for
	// it, or another tenant than the token's, would be answered like a dead token.
	return c.call(ctx, request{method: http.MethodPost, path: "/api/jwt/refresh", json: body, ip: r.Device.IP})
}

func (c *Client) oauthRefresh(ctx context.Context, r latchkey.Renewal) (answer, error) {
	// client_secret_post: servers differ in how they decode a secret in Basic, but not here.
	return c.call(ctx, request{method: http.MethodPost, path: "/oauth2/token", ip: r.Device.IP, form: url.Values{
		"grant_type": {"refresh_token"}, "refresh_token": {string(r.RefreshToken)},
		"client_id": {c.config.ApplicationID}, "client_secret": {string(c.config.ClientSecret)},
	}})
}

func (c *Client) refreshed(a answer, r latchkey.Renewal) (latchkey.Grant, error) {
	var body refreshResponse
	if err := a.decode(&body); err != nil {
		return latchkey.Grant{}, err
	}
	token := first(body.Token, body.AccessToken)
	claims, err := c.check(token)
	if err != nil {
		return latchkey.Grant{}, fmt.Errorf("%s: %w", a.call, err)
	}
	c.worked()
	c.refreshes.Store(refreshWorks)
	return latchkey.Grant{
		User: update(r.User, claims), Token: latchkey.Secret(token), TokenExpiresAt: time.Unix(claims.ExpiresAt, 0),
		// A server that does not rotate may omit the token.
		RefreshToken:   latchkey.Secret(first(body.RefreshToken, body.OAuthRefreshToken, string(r.RefreshToken))),
		RefreshTokenID: first(body.RefreshTokenID, body.OAuthRefreshTokenID, claims.RefreshTokenID),
	}, nil
}

// jwtRefused reads a refusal of POST /api/jwt/refresh. A 400 must name the token or the user's
// state. A 401 or 404 is empty and does not say what it means, and a proxy or a half-deployed
// server sends them too: they count only from a server that is seen to work.
func (c *Client) jwtRefused(ctx context.Context, a answer) error {
	said := a.apiErrors()
	switch {
	case c.refreshes.Load() == refreshForbidden: // it would refuse every token
		return a.unexpected()
	case a.status == http.StatusBadRequest && (len(said.FieldErrors["refreshToken"]) > 0 || slices.ContainsFunc(said.GeneralErrors, ofTheUser)):
		return c.refused(a)
	case (a.status == http.StatusUnauthorized || a.status == http.StatusNotFound) && len(a.body) == 0 && c.works(ctx):
		return c.refused(a)
	}
	return a.unexpected()
}

// ofTheUser reports whether an error is about the user, who has to log in again to learn what it
// is.
func ofTheUser(e apiError) bool {
	return e.Code == "[UserLockedException]" || e.Code == "[UserExpiredException]" || e.Code == "[LoginPreventedException]"
}

// An oauthError is the body of an error of /oauth2/* (RFC 6749, section 5.2), with FusionAuth's
// reason.
type oauthError struct {
	Error  string `json:"error"`
	Reason string `json:"error_reason"`
}

// refuses reports whether the error refuses this token or its user, rather than us. If it counted
// as "cannot know", such a user could neither continue nor log in.
func (e oauthError) refuses() bool {
	switch e.Error {
	case "invalid_grant", "change_password_required", "two_factor_required":
		return true
	case "access_denied":
		return e.Reason == "user_locked" || e.Reason == "user_expired" || e.Reason == "login_prevented" || e.Reason == "user_not_found"
	}
	return false
}

// oauthRefused reads a refusal of POST /oauth2/token.
func (c *Client) oauthRefused(_ context.Context, a answer) error {
	var body oauthError
	if err := a.decode(&body); err != nil {
		return err
	}
	switch {
	case a.status == http.StatusBadRequest && body.refuses():
		return c.refused(a)
	case body.Error == "invalid_client":
		return errors.New("POST /oauth2/token: invalid_client: the client secret is wrong, or is required")
	}
	return fmt.Errorf("%s: status %d, %q", a.call, a.status, body.Error[:min(len(body.Error), 80)])
}

// refused is a refusal. A setting may have changed since the last check: the next login checks
// again.
func (c *Client) refused(a answer) error {
	c.refreshes.CompareAndSwap(refreshWorks, refreshUnknown)
	return &latchkey.ProviderError{Code: latchkey.CodeRefreshRefused, Err: fmt.Errorf("%s: status %d", a.call, a.status)}
}

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
