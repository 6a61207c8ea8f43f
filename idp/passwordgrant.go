package idp

import (
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

// exchangePassword is the grant of RFC 6749 §4.3, for applications that have
// it enabled. RFC 9700 §2.4 wants it nowhere: none has it by default.
func (s *Server) exchangePassword(r *http.Request, form url.Values, app application) (none tokenResponse, err error) {
	ctx := r.Context()
	req := loginRequest{ApplicationID: app.ID, LoginID: form.Get("username"), Password: form.Get("password"), LoginIDTypes: []string{loginIDEmail, loginIDUsername}}
	if req.LoginID == "" {
		req.LoginID = form.Get("loginId") // as FusionAuth's own example has it
	}
	ttl, scopes, err := wishes(form, app)
	switch {
	case err != nil:
		return none, err
	case req.LoginID == "":
		return none, invalidRequest("missing_username", "The username is missing.")
	case req.Password == "":
		return none, invalidRequest("missing_password", "The password is missing.")
	case !tenantAgrees(r, form, app):
		return none, wrongCredentials
	}
	d := &req.MetaData.Device
	d.Name, d.Description, d.Type, d.address = form.Get("metaData.device.name"), form.Get("metaData.device.description"), form.Get("metaData.device.type"), fusion.Caller(r)
	u, err := s.authenticate(ctx, app.TenantID, &req)
	if err != nil {
		s.logLogin(ctx, &req, "", http.StatusNotFound, err)
		return none, grantRefused(err)
	}
	t, err := readTenant(ctx, s.db, app.TenantID)
	if err != nil {
		return none, err
	}
	status := loginStatus(&u, t, &req, s.now())
	s.logLogin(ctx, &req, u.ID, status, nil)
	if obstacle := s.grantObstacle(&u, status); obstacle != nil {
		return none, obstacle
	}
	// A user who is not registered gets a token that says so, and none to refresh it with.
	offline := status == http.StatusOK && app.GenerateRefreshTokens && slices.Contains(scopes, offlineAccess)
	c, refreshToken, err := s.open(ctx, &u, app, &req, ttl, scopes, offline)
	if err != nil {
		return none, grantRefused(err)
	}
	c.Scope = strings.Join(scopes, " ")
	jwt, err := s.sign(ctx, app, c, grantPassword)
	return tokenResponse{
		AccessToken: jwt, ExpiresIn: int64(ttl / time.Second), RefreshToken: refreshToken, RefreshTokenID: c.RefreshTokenID,
		Scope: c.Scope, TokenType: "Bearer", UserID: u.ID,
	}, err
}

// wishes are the life and the scopes that a login asks for.
func wishes(form url.Values, app application) (ttl time.Duration, scopes []string, err error) {
	if ttl, err = wishedTTL(form, app); err != nil {
		return 0, nil, err
	}
	scopes = strings.Fields(form.Get("scope"))
	for _, wanted := range scopes {
		if !slices.Contains(knownScopes, wanted) {
			return 0, nil, &oauthError{Code: "invalid_scope", Description: "There is no such scope.", Reason: "unknown_scope"}
		}
	}
	return ttl, scopes, nil
}

var wrongCredentials = &oauthError{Code: "invalid_grant", Description: "The username or the password is wrong.", Reason: "invalid_user_credentials"}

// grantRefused says in OAuth's words why nobody is logged in.
func grantRefused(err error) error {
	switch _, locked := errors.AsType[*lockedError](err); {
	case locked:
		return &oauthError{Code: "access_denied", Description: "There were too many attempts. Try again later.", Reason: "login_prevented"}
	case errors.Is(err, ErrNotFound):
		return wrongCredentials
	}
	return err
}

// grantObstacle says what stands in the way of a user whose password was right.
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
			TwoFactorID: s.ticket(forSecondFactor, u, secondFactorTTL), TwoFactorMethods: u.twoFactorMethods(),
		}
	case statusPasswordChangeRequired:
		return &oauthError{
			Code: "change_password_required", Description: "A new password is needed.", Reason: "change_password_" + strings.ToLower(string(u.PasswordChangeReason)),
			ChangePasswordID: s.ticket(forChange, u, changeTTL),
		}
	}
	return nil
}
