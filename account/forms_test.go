package account_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/latchkey-dev/latchkey/account"
	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
)

const withNUL = "with a NUL\x00inside the phrase"

// No form accepts a password that no login could use.
func TestForm_passwordWithNUL(t *testing.T) {
	w := newWorld(t, account.RegistrationUnverified)
	b := w.browser()
	b.post("/api/register", object{"email": "bob@example.com", "password": withNUL}).want(422, "password_refused")
	b.login(nil).want(200, "")
	b.post("/api/password", object{"currentPassword": idptest.Password, "password": withNUL}).want(422, "password_refused")
	b.post("/api/forgot-password", object{"email": ada}).want(202, "")
	b.post("/api/reset-password", object{"id": w.link(ada, "reset-password"), "password": withNUL}).want(422, "password_refused")
	b.login(object{"password": withNUL}).want(400, "bad_request")
	if err := w.provider.RequirePasswordChange(t.Context(), w.user.ID, idp.ChangeExpired); err != nil {
		t.Fatal(err)
	}
	b.login(object{"newPassword": withNUL}).want(400, "bad_request")
}

// Addresses come from keyboards and clipboards, with white space around them.
func TestForm_trimsAddresses(t *testing.T) {
	w := newWorld(t, account.RegistrationVerified)
	b := w.browser()
	b.post("/api/register", object{"email": " bob@example.com\u00a0", "password": fresh}).want(202, "")
	w.link("bob@example.com", "verify-email")
	b.post("/api/verify-email/send", object{"email": "bob@example.com "}).want(202, "")
	w.link("bob@example.com", "verify-email")
	b.post("/api/forgot-password", object{"email": "\t" + ada + "\n"}).want(202, "")
	w.link(ada, "reset-password")

	d := w.device()
	b.login(object{"email": " " + ada}).want(200, "")
	b.addPasskey(d)
	asked := b.post("/api/passkey-login/options", object{"email": ada + " "}).want(200, "")
	b.post("/api/passkey-login", object{"credential": d.get(t, asked)}).want(200, "")
}

// An authenticator app shows its code in two groups.
func TestForm_codeWithSpaces(t *testing.T) {
	w := newWorld(t, account.RegistrationClosed)
	b := w.browser()
	b.login(nil).want(200, "")
	spaced := func(code string) string { return code[:3] + " " + code[3:] + " " }
	secret := b.post("/api/authenticator/secret", nil).want(200, "").text("secret")
	b.post("/api/authenticator", object{"password": idptest.Password, "secret": secret, "code": spaced(w.code(secret))}).want(200, "")
	w.pass(60e9)
	w.browser().login(object{"code": spaced(w.code(secret))}).want(200, "")
	w.pass(60e9)
	b.post("/api/authenticator/remove", object{"password": idptest.Password, "code": spaced(w.code(secret))}).want(204, "")
}

// persistent reports whether the login in a response outlives the browser.
func persistent(r reply) bool {
	for _, c := range (&http.Response{Header: r.header}).Cookies() {
		if c.Name == "__Host-refresh" {
			return c.MaxAge > 0
		}
	}
	r.t.Fatalf("no refresh cookie: %v", r.header)
	return false
}

// Users who did not want to be remembered are not, whatever begins the session.
func TestForm_rememberFalse(t *testing.T) {
	w := newWorld(t, account.RegistrationUnverified)
	password := idptest.Password
	for _, remember := range []bool{true, false} {
		b := w.browser()
		b.login(object{"password": password, "remember": remember}).want(200, "")
		change := object{"currentPassword": password, "password": fresh + strings.Repeat("!", len(password))}
		password = change["password"].(string)
		if got := persistent(b.post("/api/password", change).want(200, "")); got != remember {
			t.Errorf("a change of password after remember=%v: persistent=%v", remember, got)
		}
		email := map[bool]string{true: "bob@example.com", false: "eve@example.com"}[remember]
		if got := persistent(w.browser().post("/api/register", object{"email": email, "password": fresh, "remember": remember}).want(200, "")); got != remember {
			t.Errorf("a registration with remember=%v: persistent=%v", remember, got)
		}
	}
	if got := persistent(w.browser().post("/api/register", object{"email": "dan@example.com", "password": fresh}).want(200, "")); !got {
		t.Error("a registration that does not say is not remembered")
	}
}

// With RegistrationClosed the route still belongs to the Handler: a password that a form sends
// there reaches no other handler of the app.
func TestRegister_closed(t *testing.T) {
	w := newWorld(t, account.RegistrationClosed)
	if !w.accounts.Serves("/api/register") {
		t.Error("the path is left to others")
	}
	for _, method := range []string{"GET", "POST", "PUT"} {
		w.browser().send(method, "/api/register", object{}).want(404, "not_found")
	}
}
