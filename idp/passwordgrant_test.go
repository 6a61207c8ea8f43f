package idp_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
)

func passwordGrantWorld(t *testing.T) *world {
	return newWorldOf(t, idp.Application{ClientSecret: clientSecret, EnabledGrants: []string{"refresh_token", "password"}})
}

func (w *world) passwordGrant(pairs ...string) answer {
	w.t.Helper()
	form := url.Values{"grant_type": {"password"}, "username": {w.user.Email}, "password": {idptest.Password}, "client_id": {w.app.ID}, "client_secret": {clientSecret}}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return w.send("POST", "/oauth2/token", formType, form.Encode())
}

func TestPasswordGrant(t *testing.T) {
	w := passwordGrantWorld(t)
	a := w.passwordGrant("scope", "openid email").want(http.StatusOK)
	if c := w.verified(a.text("access_token")); a.text("refresh_token") != "" || a.text("scope") != "openid email" || a.text("userId") != w.user.ID ||
		c.AuthenticationType != "PASSWORD" || c.Sub != w.user.ID || c.Sid != "" {
		t.Errorf("%s, claims %+v", a.body, c)
	}
	a = w.passwordGrant("scope", "offline_access", "expires_in", "60", "metaData.device.name", "phone").want(http.StatusOK)
	var body struct {
		ExpiresIn int `json:"expires_in"`
	}
	if a.decode(&body); body.ExpiresIn != 60 {
		t.Error(a.body)
	}
	refreshed := w.exchange(a.text("refresh_token")).want(http.StatusOK)
	if refreshed.text("scope") != "offline_access" || refreshed.text("refresh_token_id") != a.text("refresh_token_id") {
		t.Error(refreshed.body)
	}
	// FusionAuth's own example names the user in another way.
	w.passwordGrant("username", "", "loginId", w.user.Email).want(http.StatusOK)
}

func TestPasswordGrantRefuses(t *testing.T) {
	w := passwordGrantWorld(t)
	plain := uuid.NewString()
	w.AddApplication(idp.Application{ID: plain, ClientSecret: clientSecret})
	for name, c := range map[string]struct {
		pairs        []string
		status       int
		code, reason string
	}{
		"ARC-03: not enabled":  {[]string{"client_id", plain}, 400, "unauthorized_client", "grant_type_disabled"},
		"wrong password":       {[]string{"password", "wrong"}, 400, "invalid_grant", "invalid_user_credentials"},
		"unknown user":         {[]string{"username", "nobody@example.com"}, 400, "invalid_grant", "invalid_user_credentials"},
		"no user":              {[]string{"username", ""}, 400, "invalid_request", "missing_username"},
		"no password":          {[]string{"password", ""}, 400, "invalid_request", "missing_password"},
		"wrong client secret":  {[]string{"client_secret", "x"}, 401, "invalid_client", "invalid_client_authentication"},
		"no client secret":     {[]string{"client_secret", ""}, 401, "invalid_client", "client_authentication_missing"},
		"unknown scope":        {[]string{"scope", "admin"}, 400, "invalid_scope", "unknown_scope"},
		"longer life":          {[]string{"expires_in", "3601"}, 400, "invalid_request", "invalid_expires_in"},
		"resource":             {[]string{"resource", "https://api.example.com"}, 400, "invalid_target", "unknown"},
		"another tenant":       {[]string{"tenantId", uuid.NewString()}, 400, "invalid_grant", "invalid_user_credentials"},
		"another grant's name": {[]string{"grant_type", "authorization_code"}, 400, "unsupported_grant_type", "invalid_grant_type"},
	} {
		t.Run(name, func(t *testing.T) { w.passwordGrant(c.pairs...).wantOAuthError(c.status, c.code, c.reason) })
	}
}

// What stands in the user's way after the right password is told, and how to go on.
func TestPasswordGrantObstacles(t *testing.T) {
	w := passwordGrantWorld(t)
	patch := func(user object) {
		w.keyed("PATCH", "/api/user/"+w.user.ID, object{"user": user}.String()).want(http.StatusOK)
	}

	patch(object{"passwordChangeRequired": true})
	a := w.passwordGrant().wantOAuthError(400, "change_password_required", "change_password_administrative")
	w.send("POST", "/api/user/change-password/"+a.text("change_password_id"), "application/json", object{"password": "a new password for a new day"}.String()).want(http.StatusOK)
	w.passwordGrant("password", "a new password for a new day").want(http.StatusOK)

	patch(object{"expiry": w.clock.now().UnixMilli()})
	w.passwordGrant("password", "a new password for a new day").wantOAuthError(400, "access_denied", "user_expired")
	patch(object{"expiry": nil})
	w.keyed("DELETE", "/api/user/"+w.user.ID, "").want(http.StatusOK)
	w.passwordGrant("password", "a new password for a new day").wantOAuthError(400, "access_denied", "user_locked")
}

func TestPasswordGrantAsksForTheSecondFactor(t *testing.T) {
	w := passwordGrantWorld(t)
	device := enrolled(w)
	a := w.passwordGrant().wantOAuthError(400, "two_factor_required", "multi_factor_challenge_required")
	w.clock.advance(time.Minute)
	w.send("POST", "/api/two-factor/login", "application/json", object{"twoFactorId": a.text("two_factor_id"), "code": device.code()}.String()).want(http.StatusOK)
}

// The grant is no way around the lock, nor around who is registered.
func TestPasswordGrantIsCounted(t *testing.T) {
	w := passwordGrantWorld(t)
	w.keyed("PATCH", "/api/tenant/"+w.user.TenantID, object{"tenant": object{"failedAuthenticationConfiguration": object{
		"userActionId": lockAction, "tooManyAttempts": 3, "resetCountInSeconds": 60, "actionDuration": 2, "actionDurationUnit": "MINUTES",
	}}}.String()).want(http.StatusOK)
	for range 3 {
		w.passwordGrant("password", "wrong").wantOAuthError(400, "invalid_grant", "invalid_user_credentials")
	}
	w.passwordGrant().wantOAuthError(400, "access_denied", "login_prevented")

	bob := w.AddUser("bob@example.com")
	a := w.passwordGrant("username", bob.Email, "scope", "offline_access").want(http.StatusOK)
	if a.text("refresh_token") != "" {
		t.Errorf("a refresh token for who is not registered: %s", a.body)
	}
}
