package idp

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
)

const (
	grantPassword = "password"
	offlineAccess = "offline_access"
)

// knownScopes are those of OpenID Connect. What a token says does not depend
// on them; only offline_access does something.
var knownScopes = []string{"openid", "profile", "email", "phone", "address", offlineAccess}

// exchangePassword is the grant of RFC 6749 §4.3, for applications that have it enabled. RFC 9700
// §2.4 forbids it: no application has it by default.
func (s *Server) exchangePassword(r *http.Request, form url.Values, app application) (tokenResponse, error) {
	ctx := r.Context()
	ttl, scopes, err := requestedToken(form, app)
	if err != nil {
		return tokenResponse{}, err
	}
	req := passwordGrantLogin(r, form, app)
	switch {
	case req.LoginID == "":
		return tokenResponse{}, invalidRequest("missing_username", "The username is missing.")
	case req.Password == "":
		return tokenResponse{}, invalidRequest("missing_password", "The password is missing.")
	case !tenantAgrees(r, form, app):
		return tokenResponse{}, wrongCredentials
	}
	u, err := s.authenticate(ctx, app.TenantID, &req)
	if err != nil {
		return tokenResponse{}, grantRefused(err)
	}
	t, err := readTenant(ctx, s.db, app.TenantID)
	if err != nil {
		return tokenResponse{}, err
	}
	status := loginStatus(&u, t, &req, s.now())
	s.logLogin(ctx, &req, u.ID, status)
	if err := s.grantObstacle(&u, status); err != nil {
		return tokenResponse{}, err
	}
	c := s.tokens.claims(&u, app.ID, ttl)
	c.Scope = strings.Join(scopes, " ")
	answer := tokenResponse{ExpiresIn: int64(ttl / time.Second), Scope: c.Scope, TokenType: "Bearer", UserID: u.ID}
	// A user who is not registered gets a token that says so, and no refresh token.
	var f *family
	if status == http.StatusOK && app.GenerateRefreshTokens && slices.Contains(scopes, offlineAccess) {
		f = newFamily(&u, app, req.MetaData.Device, s.now())
		f.scopes = append(f.scopes, scopes...)
		c.RefreshTokenID, answer.RefreshTokenID, answer.RefreshToken = f.id, f.id, s.secrets.refreshToken(*f, 1)
	}
	if err := s.recordLogin(ctx, &u, app, &req, f); err != nil {
		return tokenResponse{}, grantRefused(err)
	}
	if answer.AccessToken, err = s.tokens.sign(ctx, app, c, grantPassword); err != nil {
		return tokenResponse{}, err
	}
	return answer, nil
}

func passwordGrantLogin(r *http.Request, form url.Values, app application) loginRequest {
	req := loginRequest{
		ApplicationID: app.ID,
		// the latter as in FusionAuth's own example
		LoginID:      cmp.Or(form.Get("username"), form.Get("loginId")),
		Password:     form.Get("password"),
		LoginIDTypes: []string{loginIDEmail, loginIDUsername},
	}
	req.MetaData.Device = device{
		Name: form.Get("metaData.device.name"), Description: form.Get("metaData.device.description"),
		Type: form.Get("metaData.device.type"), address: fusion.Caller(r),
	}
	return req
}

// requestedToken returns the lifetime and the scopes that a login asks for.
func requestedToken(form url.Values, app application) (ttl time.Duration, scopes []string, err error) {
	if ttl, err = requestedTTL(form, app); err != nil {
		return 0, nil, err
	}
	scopes = strings.Fields(form.Get("scope"))
	for _, name := range scopes {
		if !slices.Contains(knownScopes, name) {
			return 0, nil, &oauthError{Code: "invalid_scope", Description: "There is no such scope.", Reason: "unknown_scope"}
		}
	}
	return ttl, scopes, nil
}

var wrongCredentials = &oauthError{Code: "invalid_grant", Description: "The username or the password is wrong.", Reason: "invalid_user_credentials"}

// grantRefused translates the error of a login into OAuth's terms.
func grantRefused(err error) error {
	switch _, locked := errors.AsType[*lockedError](err); {
	case locked:
		return &oauthError{Code: "access_denied", Description: "There were too many attempts. Try again later.", Reason: "login_prevented"}
	case errors.Is(err, ErrNotFound):
		return wrongCredentials
	}
	return err
}

// grantObstacle returns why a user whose password was right cannot log in.
func (s *Server) grantObstacle(u *User, status int) error {
	switch status {
	case http.StatusLocked:
		return &oauthError{Code: "access_denied", Description: "The user is locked.", Reason: "user_locked"}
	case http.StatusGone:
		return &oauthError{Code: "access_denied", Description: "The user has expired.", Reason: "user_expired"}
	case statusUnverified:
		return &oauthError{Code: "access_denied", Description: "The e-mail address is not verified.", Reason: "email_verification_required"}
	case statusTwoFactor:
		return &oauthError{
			Code: "two_factor_required", Description: "A second factor is needed.", Reason: "multi_factor_challenge_required",
			TwoFactorID: s.tickets.issue(forSecondFactor, u, secondFactorTTL), TwoFactorMethods: u.twoFactorMethods(),
		}
	case statusPasswordChangeRequired:
		return &oauthError{
			Code: "change_password_required", Description: "A new password is needed.", Reason: "change_password_" + strings.ToLower(string(u.PasswordChangeReason)),
			ChangePasswordID: s.tickets.issue(forChange, u, changeTTL),
		}
	}
	return nil
}
