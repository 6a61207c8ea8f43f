package idp_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/latchkey-dev/latchkey/idp"
)

// revoke posts to /oauth2/revoke. Pairs are name, value, and come on top of the client's secret.
func (w *world) revoke(token string, pairs ...string) answer {
	w.t.Helper()
	form := url.Values{"token": {token}, "client_id": {w.app.ID}, "client_secret": {clientSecret}}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return w.send("POST", "/oauth2/revoke", formType, form.Encode())
}

// TestOAuthRevoke: a client ends a login by any refresh token of it (RFC 7009), and nobody else's.
func TestOAuthRevoke(t *testing.T) {
	w := newWorld(t)
	other := w.AddApplication(idp.Application{ClientSecret: "another secret"})
	first, _ := w.loggedIn()
	access := w.token()
	second := w.refresh(first).want(http.StatusOK).text("refreshToken")

	w.revoke(second, "client_secret", "wrong").wantOAuthError(http.StatusUnauthorized, "invalid_client", "invalid_client_authentication")
	w.revoke(second, "client_id", other.ID, "client_secret", "another secret").wantOAuthError(http.StatusBadRequest, "invalid_grant", "refresh_token_not_found")
	w.revoke("").wantOAuthError(http.StatusBadRequest, "invalid_request", "missing_token")
	w.revoke(access).wantOAuthError(http.StatusBadRequest, "unsupported_token_type", "unknown")
	second = w.refresh(second).want(http.StatusOK).text("refreshToken")

	for _, nothing := range []string{"x", second + "x", access + "x", "\x00"} {
		w.revoke(nothing).wantEmpty(http.StatusOK)
	}
	w.refresh(second).want(http.StatusOK)
	w.revoke(first, "token_type_hint", "access_token").wantEmpty(http.StatusOK) // the hint may be wrong
	w.refresh(second).wantEmpty(http.StatusNotFound)
	w.revoke(second, "token_type_hint", "refresh_token").wantEmpty(http.StatusOK) // it has ended already

	third, _ := w.loggedIn()
	w.send("POST", "/oauth2/revoke?token="+third, formType, url.Values{"client_id": {w.app.ID}, "client_secret": {clientSecret}}.Encode()).
		wantOAuthError(http.StatusBadRequest, "invalid_request", "missing_token")
	w.refresh(third).want(http.StatusOK)
	if got := w.send("GET", "/.well-known/openid-configuration", "", "").text("revocation_endpoint"); got != w.URL+"/oauth2/revoke" {
		t.Errorf("discovery says %q", got)
	}
}

// TestSearchRefuses: what a search cannot filter by is an error: a program that deletes what
// it has found must not find everybody.
func TestSearchRefuses(t *testing.T) {
	w := newWorld(t)
	for member, value := range map[string]any{"query": `{"term":{"email":"nobody@example.com"}}`, "sortFields": []object{{"name": "email"}}, "nextResults": "x"} {
		w.keyed("POST", "/api/user/search", object{"search": object{member: value}}.String()).wantCode("[notSupported]search." + member)
	}
	w.keyed("POST", "/api/user/search", `{"search":{"query":null,"sortFields":[],"nextResults":""}}`).want(http.StatusOK)
	w.keyed("GET", "/api/user/search?query=x", "").wantCode("[notSupported]search.query")
}
