package idp_test

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/latchkey-dev/latchkey/idp"
)

const formType = "application/x-www-form-urlencoded"

func (a answer) wantOAuthError(status int, code, reason string) answer {
	a.t.Helper()
	a.want(status)
	if a.text("error") != code || a.text("error_reason") != reason {
		a.t.Errorf("%s, want %s, %s", a.body, code, reason)
	}
	if strings.ContainsAny(a.text("error_description"), `"\`) || a.text("error_description") == "" {
		a.t.Errorf("description %q", a.text("error_description"))
	}
	if a.header.Get("Pragma") != "no-cache" {
		a.t.Error("no Pragma: no-cache")
	}
	return a
}

func TestExchange(t *testing.T) {
	w := newWorld(t)
	first, id := w.loggedIn()
	a := w.exchange(first, "scope", "", "user_code", "", "tenantId", "").want(http.StatusOK)
	var body map[string]any
	a.decode(&body)
	if body["token_type"] != "Bearer" || body["expires_in"] != 3600.0 || body["refresh_token_id"] != id || body["userId"] != w.user.ID ||
		body["refresh_token"] == first || a.header.Get("Pragma") != "no-cache" {
		t.Errorf("%s %v", a.body, a.header)
	}
	if c := w.verified(a.text("access_token")); c.Sid != id || c.AuthenticationType != "REFRESH_TOKEN" {
		t.Errorf("claims %+v", c)
	}
	// Both endpoints serve one line of tokens.
	second := w.refresh(a.text("refresh_token")).want(http.StatusOK).text("refreshToken")
	w.exchange(second, "tenantId", strings.ToUpper(w.user.TenantID), "expires_in", "60").want(http.StatusOK)
}

func TestExchangeRefuses(t *testing.T) {
	w := newWorld(t)
	token, _ := w.loggedIn()
	closed := uuid.NewString()
	w.AddApplication(idp.Application{ID: closed, ClientSecret: clientSecret, EnabledGrants: []string{}})
	for _, c := range []struct {
		name         string
		pairs        []string
		status       int
		code, reason string
	}{
		{"no grant type", []string{"grant_type", ""}, 400, "invalid_request", "missing_grant_type"},
		{"ARC-03: password", []string{"grant_type", "password", "username", "ada@example.com", "password", "x"}, 400, "unauthorized_client", "grant_type_disabled"},
		{"ARC-03: implicit", []string{"grant_type", "implicit"}, 400, "unsupported_grant_type", "invalid_grant_type"},
		{"authorization code", []string{"grant_type", "authorization_code", "code", "x"}, 400, "unsupported_grant_type", "invalid_grant_type"},
		{"no token", []string{"refresh_token", ""}, 400, "invalid_request", "missing_refresh_token"},
		{"forged token", []string{"refresh_token", "x"}, 400, "invalid_grant", "refresh_token_not_found"},
		{"no client", []string{"client_id", ""}, 400, "invalid_request", "missing_client_id"},
		{"client is no UUID", []string{"client_id", "x"}, 400, "invalid_request", "invalid_client_id"},
		{"unknown client", []string{"client_id", uuid.NewString()}, 400, "invalid_request", "invalid_client_id"},
		{"no secret", []string{"client_secret", ""}, 401, "invalid_client", "client_authentication_missing"},
		{"wrong secret", []string{"client_secret", clientSecret + " "}, 401, "invalid_client", "invalid_client_authentication"},
		{"grant not enabled", []string{"client_id", closed}, 400, "unauthorized_client", "grant_type_disabled"},
		{"REF-13: wider scope", []string{"scope", "offline_access"}, 400, "invalid_scope", "unknown_scope"},
		{"longer life", []string{"expires_in", "3601"}, 400, "invalid_request", "invalid_expires_in"},
		{"life is no number", []string{"expires_in", "1h"}, 400, "invalid_request", "invalid_expires_in"},
		{"no life", []string{"expires_in", "0"}, 400, "invalid_request", "invalid_expires_in"},
		{"resource", []string{"resource", "https://api.example.com"}, 400, "invalid_target", "unknown"},
		{"another tenant", []string{"tenantId", uuid.NewString()}, 400, "invalid_grant", "refresh_token_not_found"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.exchange(token, c.pairs...).wantOAuthError(c.status, c.code, c.reason)
		})
	}
	w.exchange(token).want(http.StatusOK)
}

// TestOAU01_FormOnly: parameters come from the body, as a form, once each.
func TestOAU01_FormOnly(t *testing.T) {
	w := newWorld(t)
	token, _ := w.loggedIn()
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}, "client_id": {w.app.ID}, "client_secret": {clientSecret}}.Encode()
	for name, c := range map[string]struct{ path, contentType, body, reason string }{
		"query":           {"/oauth2/token?" + form, formType, "", "missing_grant_type"},
		"JSON":            {"/oauth2/token", "application/json", `{"grant_type":"refresh_token"}`, "unknown"},
		"no type":         {"/oauth2/token", "", form, "unknown"},
		"other charset":   {"/oauth2/token", formType + "; charset=utf-16", form, "unknown"},
		"repeated":        {"/oauth2/token", formType, form + "&client_id=" + w.app.ID, "unknown"},
		"repeated, empty": {"/oauth2/token", formType, form + "&scope=&scope=", "unknown"},
		"bad escape":      {"/oauth2/token", formType, form + "&a=%zz", "unknown"},
		"bad UTF-8":       {"/oauth2/token", formType, form + "&a=%ff", "unknown"},
		"too large":       {"/oauth2/token", formType, form + "&a=" + strings.Repeat("a", 64<<10), "unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			w.send("POST", c.path, c.contentType, c.body).wantOAuthError(http.StatusBadRequest, "invalid_request", c.reason)
		})
	}
	w.send("POST", "/oauth2/token", formType+";charset=UTF-8", form).want(http.StatusOK)
}

// TestOAU04_ClientAuthentication: by header or by form, not by both.
func TestOAU04_ClientAuthentication(t *testing.T) {
	w := newWorld(t)
	token, _ := w.loggedIn()
	basic := func(id, secret string) string {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+secret))
	}
	grant := "grant_type=refresh_token&refresh_token="
	for _, c := range []struct {
		name, authorization, more string
		status                    int
		code, reason              string
	}{
		{"Basic, secret as it is", basic(w.app.ID, clientSecret), "", 200, "", ""},
		{"Basic, secret form-encoded", basic(w.app.ID, url.QueryEscape(clientSecret)), "", 200, "", ""},
		{"Basic with the same client_id", basic(w.app.ID, clientSecret), "&client_id=" + w.app.ID + "&client_secret=", 200, "", ""},
		{"Basic, wrong", basic(w.app.ID, "wrong"), "", 401, "invalid_client", "invalid_client_authentication"},
		{"Basic, empty secret", basic(w.app.ID, ""), "", 401, "invalid_client", "invalid_client_authentication"},
		{"another scheme", "Bearer " + w.APIKey, "", 401, "invalid_client", "invalid_client_authentication_scheme"},
		{"malformed", "Basic !", "", 401, "invalid_client", "invalid_client_authentication_scheme"},
		{"both", basic(w.app.ID, clientSecret), "&client_secret=" + url.QueryEscape(clientSecret), 400, "invalid_request", "invalid_client_authentication"},
		{"two ids", basic(w.app.ID, clientSecret), "&client_id=" + uuid.NewString(), 400, "invalid_request", "client_id_mismatch"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := w.send("POST", "/oauth2/token", formType, grant+token+c.more, "Authorization", c.authorization)
			if c.status == http.StatusOK {
				token = a.want(http.StatusOK).text("refresh_token")
				return
			}
			a.wantOAuthError(c.status, c.code, c.reason)
			if challenge := a.header.Get("WWW-Authenticate"); (challenge != "") != (c.status == http.StatusUnauthorized) {
				t.Errorf("WWW-Authenticate %q", challenge)
			}
		})
	}
}

func TestClientWithoutSecret(t *testing.T) {
	w := newWorldOf(t, idp.Application{})
	token, _ := w.loggedIn()
	w.exchange(token, "client_secret", "").wantOAuthError(http.StatusUnauthorized, "invalid_client", "client_authentication_missing")
	w.exchange(token).wantOAuthError(http.StatusUnauthorized, "invalid_client", "invalid_client_authentication")

	w.app.ClientAuthenticationPolicy = idp.ClientAuthenticationNotRequired
	w.AddApplication(w.app)
	token = w.exchange(token, "client_secret", "").want(http.StatusOK).text("refresh_token")
	// A secret that is sent is checked all the same.
	w.exchange(token).wantOAuthError(http.StatusUnauthorized, "invalid_client", "invalid_client_authentication")
	w.exchange(token, "client_secret", "").want(http.StatusOK)
}

// TestOAU05_StrangersProbe: a token shown by another client is refused and
// stays as it was, even where reuse revokes.
func TestOAU05_StrangersProbe(t *testing.T) {
	w := newWorldOf(t, idp.Application{ClientSecret: clientSecret, OnOneTimeTokenReuse: true})
	first, _ := w.loggedIn()
	second := w.exchange(first).want(http.StatusOK).text("refresh_token")
	third := w.exchange(second).want(http.StatusOK).text("refresh_token")
	stranger := w.AddApplication(idp.Application{ClientSecret: clientSecret})
	must(t, w.Register(t.Context(), w.user.ID, stranger.ID))
	for _, token := range []string{first, second, third} {
		w.exchange(token, "client_id", stranger.ID).wantOAuthError(http.StatusBadRequest, "invalid_grant", "refresh_token_not_found")
		w.exchange(token, "client_secret", "guess").want(http.StatusUnauthorized)
	}
	w.exchange(third).want(http.StatusOK)
}
