package account_test

import (
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey/account"
	"github.com/latchkey-dev/latchkey/idp/idptest"
)

// Without verification, a thief registers somebody else's address, and keeps a way in for the time
// when its owner has set a password.
func TestResetTakesWhatAThiefHasPutThere(t *testing.T) {
	w := newWorld(t, account.RegistrationUnverified)
	const victim = "victim@example.com"
	thief, d := w.browser(), w.device()
	thief.post("/api/register", object{"email": victim, "password": idptest.Password}).want(200, "")
	thief.addPasskey(d)
	thief.enroll()

	b := w.browser()
	b.post("/api/forgot-password", object{"email": victim}).want(202, "")
	reset := object{"id": w.link(victim, "reset-password"), "password": fresh}
	if got := b.post("/api/reset-password", reset).want(200, ""); got.body["passkeys"] != 0.0 {
		t.Errorf("%v", got.body)
	}
	thief.send("GET", "/api/private", nil).want(401, "login_required")
	asked := b.post("/api/passkey-login/options", object{"email": victim}).want(200, "")
	b.post("/api/passkey-login", object{"credential": d.get(t, asked)}).want(401, "passkey_refused")
	b.login(object{"email": victim, "password": fresh}).want(200, "")
	if got := b.send("GET", "/api/factors", nil).want(200, ""); got.body["authenticator"] != false {
		t.Errorf("factors %v", got.body)
	}

	// The address is verified now: what its owner adds stays.
	asked = b.post("/api/passkeys/options", object{"password": fresh, "name": "x"}).want(200, "")
	b.post("/api/passkeys", object{"credential": w.device().create(t, asked)}).want(204, "")
	b.post("/api/forgot-password", object{"email": victim}).want(202, "")
	reset["id"] = w.link(victim, "reset-password")
	if got := b.post("/api/reset-password", reset).want(200, ""); got.body["passkeys"] != 1.0 {
		t.Errorf("%v", got.body)
	}
}

// If only the owner can have registered the account, its factors are theirs.
func TestResetKeepsFactorsOfUnverifiedUsers(t *testing.T) {
	w := newWorld(t, account.RegistrationClosed)
	b, d := w.browser(), w.device()
	w.moveAda("ada@new.example") // a changed address must be verified again
	w.moveAda(ada)
	b.login(nil).want(200, "")
	b.addPasskey(d)
	secret, _ := b.enroll()
	b.post("/api/forgot-password", object{"email": ada}).want(202, "")
	if got := b.post("/api/reset-password", object{"id": w.link(ada, "reset-password"), "password": fresh}).want(200, ""); got.body["passkeys"] != 1.0 {
		t.Errorf("%v", got.body)
	}
	w.browser().login(object{"password": fresh}).want(409, "two_factor_required")
	w.browser().login(object{"password": fresh, "code": w.code(secret)}).want(200, "")
	b.post("/api/passkey-login", object{"credential": d.get(t, b.askPasskey())}).want(200, "")
}

// A thief cannot keep their authenticator by having all codes refused for a while.
func TestResetWhileCodesAreLocked(t *testing.T) {
	w := newWorld(t, account.RegistrationUnverified)
	const victim = "victim@example.com"
	thief := w.browser()
	thief.post("/api/register", object{"email": victim, "password": idptest.Password}).want(200, "")
	thief.enroll()
	for range 6 {
		thief.post("/api/authenticator/remove", object{"password": idptest.Password, "code": "000000"}).want(401, "invalid_code")
		w.pass(time.Minute) // few guesses at the password are allowed
	}
	b := w.browser()
	reset := func() reply {
		b.post("/api/forgot-password", object{"email": victim}).want(202, "")
		return b.post("/api/reset-password", object{"id": w.link(victim, "reset-password"), "password": fresh})
	}
	reset().want(429, "too_many_attempts")
	b.login(object{"email": victim, "password": fresh}).want(401, "invalid_credentials")
	w.pass(15 * time.Minute)
	reset().want(200, "")
	b.login(object{"email": victim, "password": fresh}).want(200, "")
}

// Users who forgot a password have often tried too many. The mail proves who they are: the new
// password works immediately.
func TestResetForgetsFailedLogins(t *testing.T) {
	w := newWorld(t, account.RegistrationVerified)
	b := w.browser()
	for range 5 {
		b.login(object{"password": "forgotten"}).want(401, "invalid_credentials")
	}
	b.login(object{"password": "forgotten"}).want(429, "too_many_attempts")
	b.post("/api/forgot-password", object{"email": ada}).want(202, "")
	b.post("/api/reset-password", object{"id": w.link(ada, "reset-password"), "password": fresh}).want(200, "")
	b.login(object{"password": fresh}).want(200, "")
}
