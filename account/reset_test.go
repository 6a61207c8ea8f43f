package account_test

import (
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey/account"
	"github.com/latchkey-dev/latchkey/idp/idptest"
)

// Where nobody has to prove an address, a thief registers that of somebody else, and keeps a way in for when its owner has set a password.
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

	// The address is proved now: what its owner adds stays.
	asked = b.post("/api/passkeys/options", object{"password": fresh, "name": "x"}).want(200, "")
	b.post("/api/passkeys", object{"credential": w.device().create(t, asked)}).want(204, "")
	b.post("/api/forgot-password", object{"email": victim}).want(202, "")
	reset["id"] = w.link(victim, "reset-password")
	if got := b.post("/api/reset-password", reset).want(200, ""); got.body["passkeys"] != 1.0 {
		t.Errorf("%v", got.body)
	}
}

// Where the owner alone can have made the account, its factors are his.
func TestResetKeepsFactorsOfUnverifiedUsers(t *testing.T) {
	w := newWorld(t, account.RegistrationClosed)
	b, d := w.browser(), w.device()
	w.moveAda("ada@new.example") // an address that changes is to be verified again
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

// A thief who has all codes refused for a while does not keep his authenticator so.
func TestResetWhileCodesAreLocked(t *testing.T) {
	w := newWorld(t, account.RegistrationUnverified)
	const victim = "victim@example.com"
	thief := w.browser()
	thief.post("/api/register", object{"email": victim, "password": idptest.Password}).want(200, "")
	thief.enroll()
	for range 6 {
		thief.post("/api/authenticator/remove", object{"password": idptest.Password, "code": "000000"}).want(401, "invalid_code")
		w.pass(time.Minute) // guesses at the password are few
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
// password works at once.
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
