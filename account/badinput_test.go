package account_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/latchkey-dev/latchkey/account"
	"github.com/latchkey-dev/latchkey/idp/idptest"
)

// Users, or their programs, are told what they got wrong, and the operator's log has no error about
// it.
func TestRoutes_badInput(t *testing.T) {
	w := newWorld(t, account.RegistrationUnverified)
	b := w.browser()
	b.login(nil).want(200, "")
	long, password := strings.Repeat("x", 300), idptest.Password
	secret := b.post("/api/authenticator/secret", nil).want(200, "").text("secret")
	for _, c := range []struct {
		path   string
		body   object
		status int
		code   string
	}{
		{"/api/passkey-login/options", object{"email": ""}, 400, "bad_request"},
		{"/api/passkey-login/options", object{"email": "a\x00b@example.com"}, 400, "bad_request"},
		{"/api/passkey-login/options", object{"email": long + "@example.com"}, 400, "bad_request"},
		{"/api/passkey-login/options", object{"email": "x"}, 200, ""},
		{"/api/forgot-password", object{"email": ""}, 400, "bad_request"},
		{"/api/forgot-password", object{"email": "a\x00b@example.com"}, 400, "bad_request"},
		{"/api/forgot-password", object{"email": "x"}, 202, ""},
		{"/api/verify-email/send", object{"email": ""}, 400, "bad_request"},
		{"/api/verify-email/send", object{"email": "x"}, 202, ""},
		{"/api/verify-email", object{"id": "", "password": ""}, 404, "link_invalid"},
		{"/api/verify-email", object{"id": long, "password": "x"}, 404, "link_invalid"},
		{"/api/reset-password", object{"id": "", "password": fresh}, 404, "link_invalid"},
		{"/api/reset-password", object{"id": "a;b&c=/\x00", "password": fresh}, 404, "link_invalid"},
		{"/api/register", object{"email": "", "password": fresh}, 422, "email_refused"},
		{"/api/register", object{"email": "a\x00b@example.com", "password": fresh}, 422, "email_refused"},
		{"/api/register", object{"email": long + "@example.com", "password": fresh}, 422, "email_refused"},
		{"/api/register", object{"email": "bob@example.com", "password": ""}, 422, "password_refused"},
		{"/api/register", object{"email": "bob@example.com", "password": strings.Repeat("x", 9000)}, 422, "password_refused"},
		{"/api/authenticator", object{"password": password, "secret": "nonsense!", "code": "123456"}, 422, "secret_refused"},
		{"/api/authenticator", object{"password": password, "secret": "", "code": "123456"}, 422, "secret_refused"},
		{"/api/authenticator", object{"password": password, "secret": secret, "code": ""}, 401, "invalid_code"},
		{"/api/authenticator", object{"password": password, "secret": secret, "code": long}, 401, "invalid_code"},
		{"/api/authenticator/remove", object{"password": password, "code": "123456"}, 204, ""}, // there is none
		{"/api/recovery-codes", object{"password": password}, 404, "not_found"},
		{"/api/passkeys/options", object{"password": password, "name": ""}, 400, "bad_request"},
		{"/api/passkeys/options", object{"password": password, "name": "a\x00b"}, 400, "bad_request"},
		{"/api/passkeys/options", object{"password": password, "name": long}, 400, "bad_request"},
		{"/api/passkeys/options", object{"password": password, "name": "x"}, 200, ""},
		{"/api/passkeys/options", object{"password": strings.Repeat("x", 9000), "name": "x"}, 401, "invalid_credentials"},
		{"/api/passkeys/options", object{"password": "\x00", "name": "x"}, 401, "invalid_credentials"},
		{"/api/passkeys", object{"credential": object{}}, 401, "passkey_refused"},
		{"/api/passkeys", object{"credential": "text"}, 401, "passkey_refused"},
		{"/api/passkeys/" + long + "/remove", object{"password": password}, 404, "not_found"},
		{"/api/passkey-login", object{"credential": 7}, 401, "passkey_refused"},
		{"/api/password", object{"currentPassword": "", "password": fresh}, 401, "invalid_credentials"},
		{"/api/password", object{"currentPassword": password, "password": ""}, 422, "password_refused"},
		{"/api/password", object{"currentPassword": password, "password": "\x00 and what else there is"}, 422, "password_refused"},
	} {
		w.pass(5 * 60e9) // guesses are few
		got := b.send("POST", c.path, c.body, func(r *http.Request) { r.Header.Set("User-Agent", strings.Repeat("ü", 1000)) })
		if got.status != c.status || got.text("code") != c.code {
			t.Errorf("%s %.120v: %d %v, want %d %s", c.path, c.body, got.status, got.body, c.status, c.code)
		}
	}
	w.app.Close()
	w.accounts.Close()
	w.provider.Close()
	if log := w.log.String(); log != "" {
		t.Error(log)
	}
}
