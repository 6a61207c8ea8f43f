package account_test

import (
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey/account"
	"github.com/latchkey-dev/latchkey/idp/idptest"
)

// Registration was open once, and a thief registered somebody else's address and added a passkey.
// Now addresses must be verified, and the owner of this one does so by a reset.
func TestReset_ofAnUnverifiedAddress(t *testing.T) {
	w := newWorld(t, account.RegistrationVerified)
	thief, d := w.browser(), w.device()
	thief.login(nil).want(200, "")
	thief.addPasskey(d)
	secret, _ := thief.enroll()
	w.setVerified(false)

	b := w.browser()
	b.post("/api/forgot-password", object{"email": ada}).want(202, "")
	if got := b.post("/api/reset-password", object{"id": w.link(ada, "reset-password"), "password": fresh}).want(200, ""); got.body["passkeys"] != 0.0 {
		t.Errorf("%v", got.body)
	}
	asked := thief.post("/api/passkey-login/options", object{"email": ada}).want(200, "")
	thief.post("/api/passkey-login", object{"credential": d.get(t, asked)}).want(401, "passkey_refused")

	// An authenticator opens nothing, and a mailbox does not bypass it.
	b.login(object{"password": fresh}).want(409, "two_factor_required")
	b.login(object{"password": fresh, "code": w.code(secret)}).want(200, "")
}

// Nobody can keep somebody else from a new password by requesting mails that are not sent, because
// there is nothing to verify.
func TestMails_limitsPerKind(t *testing.T) {
	w := newWorld(t, account.RegistrationVerified)
	for range 5 {
		w.browser().post("/api/verify-email/send", object{"email": ada}).want(202, "")
	}
	w.browser().post("/api/forgot-password", object{"email": ada}).want(202, "")
	w.link(ada, "reset-password")
}

// The options take as long for an address without a passkey as for one with it, for which the
// provider stores a challenge.
func TestPasskeyLogin_optionsTakeNoLonger(t *testing.T) {
	w := newWorld(t, account.RegistrationVerified)
	b, d := w.browser(), w.device()
	b.login(nil).want(200, "")
	b.addPasskey(d)
	for _, email := range []string{ada, "nobody@example.com"} {
		began := time.Now()
		b.post("/api/passkey-login/options", object{"email": email}).want(200, "")
		if took := time.Since(began); took < 250*time.Millisecond {
			t.Errorf("%s: %v, which reveals who has a passkey", email, took)
		}
	}
}

// A link without an id is invalid, and not a failure of the provider.
func TestLinks_withoutAnID(t *testing.T) {
	w := newWorld(t, account.RegistrationVerified)
	b := w.browser()
	for _, id := range []string{"", "\x00", " ", "../user", "?x=y", "%00"} {
		w.pass(time.Minute)
		b.post("/api/verify-email", object{"id": id, "password": fresh}).want(404, "link_invalid")
		b.post("/api/verify-email/check", object{"id": id}).want(404, "link_invalid")
		b.post("/api/reset-password/check", object{"id": id}).want(404, "link_invalid")
		b.post("/api/reset-password", object{"id": id, "password": idptest.Password}).want(404, "link_invalid")
	}
}

// A stranger registers somebody's address, waits until its owner registers too, and requests a
// link. The owner expects one and confirms. That does not let the stranger in.
func TestVerify_letsNobodyElseIn(t *testing.T) {
	w := newWorld(t, account.RegistrationVerified)
	const victim, theirs, own = "victim@example.com", "a password of the stranger", "a password of the owner"
	stranger, b := w.browser(), w.browser()
	stranger.post("/api/register", object{"email": victim, "password": theirs}).want(202, "")
	w.link(victim, "verify-email")
	b.post("/api/register", object{"email": victim, "password": own}).want(202, "")
	reset := w.link(victim, "reset-password")
	stranger.post("/api/verify-email/send", object{"email": victim}).want(202, "")
	id := w.link(victim, "verify-email")

	if got := b.post("/api/verify-email/check", object{"id": id}).want(200, ""); got.text("email") != victim {
		t.Errorf("check: %v", got.body)
	}
	for _, password := range []string{own, "", theirs + " ", "\x00"} {
		b.post("/api/verify-email", object{"id": id, "password": password}).want(401, "invalid_credentials")
	}
	stranger.login(object{"email": victim, "password": theirs}).want(401, "invalid_credentials")
	b.post("/api/verify-email/check", object{"id": reset}).want(404, "link_invalid") // of another purpose
	b.post("/api/reset-password/check", object{"id": id}).want(404, "link_invalid")

	b.post("/api/reset-password", object{"id": reset, "password": own}).want(200, "")
	stranger.login(object{"email": victim, "password": theirs}).want(401, "invalid_credentials")
	b.login(object{"email": victim, "password": own}).want(200, "")
	b.post("/api/verify-email", object{"id": id, "password": own}).want(404, "link_invalid")
}

// The id of a mail allows few guesses at the password.
func TestVerify_limitsGuesses(t *testing.T) {
	w := newWorld(t, account.RegistrationVerified)
	b := w.browser()
	bob := object{"email": "bob@example.com", "password": fresh}
	b.post("/api/register", bob).want(202, "")
	id := w.link("bob@example.com", "verify-email")
	for range 5 {
		b.post("/api/verify-email", object{"id": id, "password": "wrong"}).want(401, "invalid_credentials")
	}
	b.post("/api/verify-email", object{"id": id, "password": fresh}).want(429, "too_many_attempts")
	w.pass(time.Minute)
	b.post("/api/verify-email", object{"id": id, "password": fresh}).want(204, "")
	b.login(bob).want(200, "")
}

// An address can be confirmed even if something else keeps its user from logging in.
func TestVerify_besideOtherObstacles(t *testing.T) {
	w := newWorld(t, account.RegistrationVerified)
	b := w.browser()
	b.login(nil).want(200, "")
	b.enroll()
	w.setVerified(false)
	b.post("/api/verify-email/send", object{"email": ada}).want(202, "")
	id := w.link(ada, "verify-email")
	b.post("/api/verify-email", object{"id": id, "password": "wrong"}).want(401, "invalid_credentials")
	b.post("/api/verify-email", object{"id": id, "password": idptest.Password}).want(204, "")
}
