package account_test

import (
	"strings"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey/account"
	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
)

// openWorld requires verified addresses at a provider that lets everyone log in: Latchkey itself
// must refuse.
func openWorld(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, account.RegistrationVerified)
	if err := w.provider.EnsureTenant(t.Context(), idp.Tenant{Name: "Default", UnverifiedBehavior: idp.UnverifiedAllow}); err != nil {
		t.Fatal(err)
	}
	return w
}

// setVerified changes what the provider says of ada's address.
func (w *world) setVerified(verified bool) {
	w.Helper()
	if err := w.provider.SetUserVerified(w.Context(), w.user.ID, verified); err != nil {
		w.Fatal(err)
	}
}

// Registering somebody else's address lets nobody in.
func TestVerifiedByLatchkeyItself(t *testing.T) {
	w := openWorld(t)
	b := w.browser()
	bob := object{"email": "bob@example.com", "password": fresh}
	b.post("/api/register", bob).want(202, "")
	b.post("/api/login", bob).want(401, "invalid_credentials")
	b.send("GET", "/api/private", nil).want(401, "login_required")
}

// No other way of logging in bypasses verification.
func TestUnverifiedEveryWay(t *testing.T) {
	w := openWorld(t)
	b, d := w.browser(), w.device()
	b.login(nil).want(200, "")
	b.addPasskey(d)
	secret, recovery := b.enroll()
	w.setVerified(false)
	before := w.refreshTokens()

	other := w.browser()
	other.login(object{"code": w.code(secret)}).want(401, "invalid_credentials")
	other.login(object{"code": recovery[0]}).want(401, "invalid_credentials")
	w.pass(time.Hour)
	refused := other.post("/api/passkey-login", object{"credential": d.get(t, other.askPasskey())}).want(401, "passkey_refused")
	if cookies := refused.header["Set-Cookie"]; cookies != nil {
		t.Errorf("cookies: %v", cookies)
	}
	w.pass(time.Minute)
	b.post("/api/password", object{"currentPassword": idptest.Password, "password": fresh, "code": w.code(secret)}).want(401, "invalid_credentials")
	w.setVerified(true)
	w.pass(time.Minute)
	other.login(object{"code": w.code(secret)}).want(200, "") // and the password is as it was

	for range 3 { // those of the two codes and the passkey
		<-w.revoked
	}
	if n := w.refreshTokens(); n != before+1 {
		t.Errorf("%d refresh tokens, want %d", n, before+1)
	}
}

// Setting the new password that the provider demands does not bypass it either, and no error in the
// log names the address.
func TestUnverifiedWithNewPassword(t *testing.T) {
	w := openWorld(t)
	w.setVerified(false)
	if err := w.provider.RequirePasswordChange(t.Context(), w.user.ID, idp.ChangeBreached); err != nil {
		t.Fatal(err)
	}
	w.browser().login(object{"newPassword": fresh}).want(401, "invalid_credentials")
	w.browser().login(object{"password": fresh}).want(401, "invalid_credentials")
	if strings.Contains(w.log.String(), ada) {
		t.Errorf("log: %s", w.log)
	}
}
