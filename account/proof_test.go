package account_test

import (
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey/account"
	"github.com/latchkey-dev/latchkey/idp/idptest"
)

// A session knows the address that its user had. The address's present owner proves nothing in it.
func TestProofOfWhoHasTheAddressNow(t *testing.T) {
	w := newWorld(t, account.RegistrationUnverified)
	b, thief := w.browser(), w.browser()
	b.login(nil).want(200, "")
	w.moveAda("ada@new.example")
	mine := "the thief's own password"
	thief.post("/api/register", object{"email": ada, "password": mine}).want(200, "")

	b.post("/api/passkeys/options", object{"password": mine, "name": "x"}).want(401, "invalid_credentials")
	b.post("/api/password", object{"currentPassword": mine, "password": fresh}).want(401, "invalid_credentials")
	w.browser().login(object{"password": mine}).want(200, "")

	b.post("/api/passkeys/options", object{"password": idptest.Password, "name": "x"}).want(200, "")
	b.post("/api/password", object{"currentPassword": idptest.Password, "password": fresh}).want(200, "")
	b.send("GET", "/api/private", nil).want(200, "")
	w.browser().login(object{"email": "ada@new.example", "password": fresh}).want(200, "")
}

// The same if the response to a right password does not name the user: a code would be asked for
// next.
func TestProofOfWhoHasTheAddressNowAndAnAuthenticator(t *testing.T) {
	w := newWorld(t, account.RegistrationUnverified)
	b, thief := w.browser(), w.browser()
	b.login(nil).want(200, "")
	adas, _ := b.enroll()
	w.moveAda("ada@new.example")
	thief.post("/api/register", object{"email": ada, "password": idptest.Password}).want(200, "") // the same password, even
	thiefs, _ := thief.enroll()

	for _, code := range []string{"000000", w.code(thiefs)} {
		b.post("/api/password", object{"currentPassword": idptest.Password, "password": fresh, "code": code}).want(401, "invalid_code")
	}
	b.post("/api/password", object{"currentPassword": idptest.Password, "password": fresh, "code": w.code(adas)}).want(200, "")
	w.browser().login(object{"code": w.code(thiefs)}).want(200, "")
	w.pass(time.Minute)
	w.browser().login(object{"email": "ada@new.example", "password": fresh, "code": w.code(adas)}).want(200, "")
}

// A logged-in user may learn that their new address is still unverified, although strangers may
// not.
func TestProofBeforeTheAddressIsProved(t *testing.T) {
	w := newWorld(t, account.RegistrationVerified)
	b := w.browser()
	b.login(nil).want(200, "")
	w.moveAda("ada@new.example")
	b.post("/api/passkeys/options", object{"password": "wrong", "name": "x"}).want(401, "invalid_credentials")
	b.post("/api/passkeys/options", object{"password": idptest.Password, "name": "x"}).want(403, "email_not_verified")
	b.post("/api/password", object{"currentPassword": idptest.Password, "password": fresh}).want(403, "email_not_verified")
	b.send("GET", "/api/private", nil).want(200, "")
	w.browser().login(object{"email": "ada@new.example"}).want(401, "invalid_credentials")
}
