package account_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/latchkey-dev/latchkey/account"
	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
)

func TestRegisterVerified(t *testing.T) {
	w := newWorld(t, account.RegistrationVerified)
	b := w.browser()
	bob := object{"email": "bob@example.com", "password": fresh, "firstName": "Bob"}
	b.post("/api/register", object{"email": "bob@example.com", "password": "short"}).want(422, "password_refused")
	b.post("/api/register", object{"email": "nobody", "password": fresh}).want(422, "email_refused")
	b.post("/api/register", bob).want(202, "")
	id := w.link("bob@example.com", "verify-email")
	b.login(credentials(bob)).want(401, "invalid_credentials") // as if there were no account
	b.post("/api/verify-email", object{"id": "nonsense", "password": fresh}).want(404, "link_invalid")

	b.post("/api/verify-email/send", object{"email": "bob@example.com"}).want(202, "")
	w.link("bob@example.com", "verify-email")
	b.post("/api/verify-email", object{"id": id, "password": fresh}).want(204, "")
	b.login(credentials(bob)).want(200, "")
	b.send("GET", "/api/private", nil).want(200, "")

	// A request for an address that is taken reveals nothing; its owner gets a mail.
	began := time.Now()
	w.browser().post("/api/register", object{"email": ada, "password": fresh}).want(202, "")
	if took := time.Since(began); took < time.Second {
		t.Errorf("it took %v, and so it tells", took)
	}
	w.link(ada, "reset-password")
	w.browser().login(nil).want(200, "")
}

// A stranger who registers an existing address with their own password, and then logs in with it,
// learns nothing, however often they try.
func TestRegisterThenLoginTellsNothing(t *testing.T) {
	w := newWorld(t, account.RegistrationVerified)
	lockout := idp.Tenant{Name: "Default", VerifyEmail: true, UnverifiedBehavior: idp.UnverifiedGated, Lockout: idp.Lockout{UserActionID: uuid.NewString()}}
	if err := w.provider.EnsureTenant(t.Context(), lockout); err != nil {
		t.Fatal(err)
	}
	const mine = "a password of the stranger"
	var heard [2][]string
	for i, email := range []string{ada, "nobody@example.com"} {
		b := w.browser()
		b.post("/api/register", object{"email": email, "password": mine}).want(202, "")
		for range 9 {
			got := b.login(object{"email": email, "password": mine})
			heard[i] = append(heard[i], fmt.Sprint(got.status, got.body, got.header["Set-Cookie"], got.header["Retry-After"]))
			w.pass(10 * time.Second) // longer than the guard makes them wait
		}
	}
	if !slices.Equal(heard[0], heard[1]) {
		t.Errorf("there is an account: %q\nthere was none:    %q", heard[0], heard[1])
	}
}

func credentials(bob object) object {
	return object{"email": bob["email"], "password": bob["password"]}
}

func TestRegisterUnverified(t *testing.T) {
	w := newWorld(t, account.RegistrationUnverified)
	b := w.browser()
	b.post("/api/register", object{"email": ada, "password": fresh}).want(409, "email_taken")
	b.post("/api/register", object{"email": "bob@example.com", "password": fresh}).want(200, "")
	b.send("GET", "/api/private", nil).want(200, "")
	if len(w.letters) > 0 {
		t.Errorf("a letter that nobody asked for")
	}
}

func TestRegistrationClosed(t *testing.T) {
	w := newWorld(t, account.RegistrationClosed)
	w.browser().post("/api/register", object{"email": "bob@example.com", "password": fresh}).want(404, "not_found")
}

func TestForgottenPassword(t *testing.T) {
	w := newWorld(t, account.RegistrationVerified)
	other := w.browser()
	other.login(nil).want(200, "")
	b := w.browser()
	b.post("/api/forgot-password", object{"email": "nobody@example.com"}).want(202, "")
	b.post("/api/forgot-password", object{"email": ada}).want(202, "")
	id := w.link(ada, "reset-password")
	b.post("/api/reset-password", object{"id": id, "password": "short"}).want(422, "password_refused")
	b.post("/api/reset-password", object{"id": id, "password": fresh}).want(200, "")
	b.post("/api/reset-password", object{"id": id, "password": fresh + "!"}).want(404, "link_invalid")
	b.login(nil).want(401, "invalid_credentials")
	b.login(object{"password": fresh}).want(200, "")
	if got := other.send("GET", "/api/private", nil).want(401, "login_required"); got.text("endReason") != "password_changed" {
		t.Errorf("the other browser: %v", got.body)
	}

	// A mailbox is not flooded.
	for range 3 {
		for _, spelling := range []string{ada, "ADA@example.com", "ａda@example.com", "𝐚da@example.com"} {
			b.post("/api/forgot-password", object{"email": spelling}).want(202, "")
		}
	}
	w.accounts.Close() // waits for what the provider is asked to send
	w.provider.Close() // waits for mails
	if n := len(w.letters); n > 3 {
		t.Errorf("%d letters", n)
	}
}

func TestChangePassword(t *testing.T) {
	w := newWorld(t, account.RegistrationVerified)
	other, b := w.browser(), w.browser()
	other.login(nil).want(200, "")
	b.login(nil).want(200, "")
	b.post("/api/password", object{"currentPassword": "wrong", "password": fresh}).want(401, "invalid_credentials")
	b.post("/api/password", object{"currentPassword": idptest.Password, "password": "short"}).want(422, "password_refused")
	b.post("/api/password", object{"currentPassword": idptest.Password, "password": fresh}).want(200, "")
	b.send("GET", "/api/private", nil).want(200, "")
	other.send("GET", "/api/private", nil).want(401, "login_required")
	w.browser().login(nil).want(401, "invalid_credentials")

	for range 8 { // right passwords do not count
		b.post("/api/passkeys/options", object{"password": fresh, "name": "x"}).want(200, "")
	}
	for range 6 {
		b.post("/api/password", object{"currentPassword": "wrong", "password": fresh})
	}
	b.post("/api/password", object{"currentPassword": fresh, "password": fresh + "!"}).want(429, "too_many_attempts")
}

// Other pages can do nothing in the user's name, and responses are not cached.
func TestOtherPages(t *testing.T) {
	w := newWorld(t, account.RegistrationVerified)
	b := w.browser()
	b.login(nil).want(200, "")
	for _, path := range []string{"/api/register", "/api/forgot-password", "/api/password", "/api/authenticator/secret", "/api/passkeys/options", "/api/passkey-login"} {
		b.send("POST", path, object{}, func(r *http.Request) {
			r.Header.Set("Origin", "https://evil.example")
			r.Header.Set("Sec-Fetch-Site", "cross-site")
		}).want(403, "cross_origin")
		if got := w.browser().send("POST", path, object{}); got.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: Cache-Control %q", path, got.header.Get("Cache-Control"))
		}
	}
}
