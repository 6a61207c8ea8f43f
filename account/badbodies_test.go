package account_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/latchkey-dev/latchkey/account"
)

// Every refusal has a title, and a body that no form sends has the codes of docs/http.md.
func TestRoutes_badBodies(t *testing.T) {
	w := newWorld(t, account.RegistrationUnverified)
	b := w.browser()
	b.login(nil).want(200, "")
	contentType := func(values ...string) func(*http.Request) {
		return func(r *http.Request) { r.Header["Content-Type"] = values }
	}
	for _, path := range []string{"/api/register", "/api/verify-email", "/api/forgot-password", "/api/reset-password", "/api/passkey-login", "/api/password", "/api/passkeys"} {
		for _, c := range []struct {
			body   object
			change func(*http.Request)
			status int
			code   string
		}{
			{object{}, contentType("text/plain"), 415, "unsupported_media_type"},
			{object{}, contentType("application/json", "text/plain"), 415, "unsupported_media_type"},
			{object{}, contentType("application/json", "application/json"), 415, "unsupported_media_type"},
			{object{}, func(r *http.Request) { r.Header.Set("Content-Encoding", "gzip") }, 415, "unsupported_media_type"},
			{object{"email": strings.Repeat("x", 20_000)}, contentType("application/json"), 413, "payload_too_large"},
			{object{"x": 1}, contentType("application/json"), 400, "bad_request"},
		} {
			got := b.send("POST", path, c.body, c.change).want(c.status, c.code)
			if got.text("title") == "" {
				t.Errorf("%s: %v has no title", path, got.body)
			}
		}
	}
}
