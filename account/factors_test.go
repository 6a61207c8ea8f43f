package account_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey/account"
	"github.com/latchkey-dev/latchkey/idp/idptest"
)

// code is what an authenticator app shows (RFC 6238), implemented again.
func (w *world) code(secret string) string {
	w.Helper()
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	if err != nil {
		w.Fatal(err)
	}
	mac := hmac.New(sha1.New, key)
	binary.Write(mac, binary.BigEndian, w.Clock.Now().Unix()/30)
	sum := mac.Sum(nil)
	at := sum[len(sum)-1] & 0xf
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[at:])&0x7fffffff%1_000_000)
}

// enroll gives the logged-in user an authenticator, and returns its secret and the recovery codes.
func (b *browser) enroll() (secret string, recovery []any) {
	b.w.Helper()
	made := b.post("/api/authenticator/secret", nil).want(200, "")
	secret = made.text("secret")
	uri, err := url.Parse(made.text("uri"))
	me, _ := b.send("GET", "/api/user", nil).want(200, "").body["user"].(map[string]any)
	if err != nil || uri.Scheme != "otpauth" || uri.Host != "totp" || uri.Path != fmt.Sprint("/Shop:", me["email"]) || uri.Query().Get("secret") != secret || uri.Query().Get("issuer") != "Shop" {
		b.w.Fatalf("uri %s", uri)
	}
	enable := object{"password": idptest.Password, "secret": secret, "code": "000000"}
	b.post("/api/authenticator", enable).want(401, "invalid_code")
	enable["code"], enable["password"] = b.w.code(secret), "wrong"
	b.post("/api/authenticator", enable).want(401, "invalid_credentials")
	enable["password"] = idptest.Password
	recovery, _ = b.post("/api/authenticator", enable).want(200, "").body["recoveryCodes"].([]any)
	b.w.pass(time.Minute)
	return secret, recovery
}

func TestAuthenticator(t *testing.T) {
	w := newWorld(t, account.RegistrationClosed)
	b := w.browser()
	b.login(nil).want(200, "")
	if got := b.send("GET", "/api/factors", nil).want(200, ""); got.body["authenticator"] != false {
		t.Errorf("factors %v", got.body)
	}
	secret, recovery := b.enroll()
	if got := b.send("GET", "/api/factors", nil).want(200, ""); got.body["authenticator"] != true || len(recovery) != 10 {
		t.Errorf("factors %v, recovery codes %v", got.body, recovery)
	}
	b.post("/api/authenticator", object{"password": idptest.Password, "secret": secret, "code": w.code(secret)}).want(409, "authenticator_exists")

	other := w.browser()
	other.login(nil).want(409, "two_factor_required")
	other.send("GET", "/api/private", nil).want(401, "login_required")
	other.login(object{"code": "000000"}).want(401, "invalid_code")
	code := w.code(secret)
	other.login(object{"code": code}).want(200, "")
	other.send("GET", "/api/private", nil).want(200, "")
	w.browser().login(object{"code": code}).want(401, "invalid_code")
	w.browser().login(object{"code": recovery[0]}).want(200, "")
}

func TestChangePasswordWithAuthenticator(t *testing.T) {
	w := newWorld(t, account.RegistrationClosed)
	b := w.browser()
	b.login(nil).want(200, "")
	secret, _ := b.enroll()
	change := object{"currentPassword": idptest.Password, "password": fresh}
	b.post("/api/password", change).want(409, "two_factor_required")
	change["code"] = w.code(secret)
	b.post("/api/password", change).want(200, "")
	b.send("GET", "/api/private", nil).want(200, "")
}

func TestRemoveAuthenticator(t *testing.T) {
	w := newWorld(t, account.RegistrationClosed)
	b := w.browser()
	b.login(nil).want(200, "")
	secret, _ := b.enroll()
	codes, _ := b.post("/api/recovery-codes", object{"password": idptest.Password, "code": w.code(secret)}).want(200, "").body["recoveryCodes"].([]any)
	w.pass(time.Minute)
	b.post("/api/authenticator/remove", object{"password": idptest.Password, "code": "000000"}).want(401, "invalid_code")
	b.post("/api/authenticator/remove", object{"password": "wrong", "code": w.code(secret)}).want(401, "invalid_credentials")
	w.pass(5 * time.Minute) // few guesses at the password are allowed
	b.post("/api/authenticator/remove", object{"password": idptest.Password, "code": codes[0]}).want(204, "")
	w.browser().login(nil).want(200, "")
}

// Recovery codes replace the authenticator, so making them takes one of its codes, or of theirs. A
// password is not enough.
func TestRecoveryCodes(t *testing.T) {
	w := newWorld(t, account.RegistrationClosed)
	b := w.browser()
	b.login(nil).want(200, "")
	ask := func(code any) reply {
		return b.post("/api/recovery-codes", object{"password": idptest.Password, "code": code})
	}
	b.post("/api/recovery-codes", object{"password": idptest.Password}).want(404, "not_found") // there is nothing to recover
	secret, recovery := b.enroll()
	b.post("/api/recovery-codes", object{"password": idptest.Password}).want(409, "two_factor_required")
	ask("000000").want(401, "invalid_code")
	w.pass(5 * time.Minute) // few guesses at the password are allowed
	ask(w.code(secret)).want(200, "")
	ask(w.code(secret)).want(401, "invalid_code")
	ask(recovery[0]).want(401, "invalid_code") // there are new ones
	w.pass(5 * time.Minute)
	again, _ := ask(w.code(secret)).want(200, "").body["recoveryCodes"].([]any)
	ask(again[0]).want(200, "")
}

// A wrong code changes nothing, and one is enough.
func TestChangePasswordWithWrongCode(t *testing.T) {
	w := newWorld(t, account.RegistrationClosed)
	b := w.browser()
	b.login(nil).want(200, "")
	secret, recovery := b.enroll()
	tokens := w.refreshTokens()
	change := object{"currentPassword": idptest.Password, "password": fresh, "code": "000000"}
	b.post("/api/password", change).want(401, "invalid_code")
	b.send("GET", "/api/private", nil).want(200, "")
	if n := w.refreshTokens(); n != tokens {
		t.Errorf("%d refresh tokens, want the %d from before", n, tokens)
	}
	w.browser().login(object{"code": w.code(secret)}).want(200, "")
	w.browser().login(object{"password": fresh}).want(401, "invalid_credentials")
	change["code"] = recovery[0]
	b.post("/api/password", change).want(200, "")
	w.browser().login(object{"password": fresh, "code": recovery[0]}).want(401, "invalid_code")
}

// A mailbox is not enough to bypass a second factor.
func TestResetKeepsSecondFactor(t *testing.T) {
	w := newWorld(t, account.RegistrationVerified)
	b := w.browser()
	b.login(nil).want(200, "")
	secret, _ := b.enroll()
	other := w.browser()
	other.post("/api/forgot-password", object{"email": ada}).want(202, "")
	if got := other.post("/api/reset-password", object{"id": w.link(ada, "reset-password"), "password": fresh}).want(200, ""); got.body["passkeys"] != 0.0 {
		t.Errorf("%v", got.body)
	}
	other.login(object{"password": fresh}).want(409, "two_factor_required")
	other.login(object{"password": fresh, "code": w.code(secret)}).want(200, "")
}
