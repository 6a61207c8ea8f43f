package e2e_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
)

// code is what an authenticator app shows (RFC 6238). It is accepted once, so the clock moves to
// the next.
func (s *site) code(secret string) string {
	s.Helper()
	s.clock.advance(30 * time.Second)
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ReplaceAll(secret, " ", ""))
	if err != nil {
		s.Fatal(err)
	}
	mac := hmac.New(sha1.New, key)
	binary.Write(mac, binary.BigEndian, s.clock.Now().Unix()/30)
	sum := mac.Sum(nil)
	at := sum[len(sum)-1] & 0xf
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[at:])&0x7fffffff%1_000_000)
}

// openSecurity opens the dialog in which users change how they log in.
func (p *tab) openSecurity() {
	p.Helper()
	p.click("sessions-open")
	p.click("security-open")
	p.see("begin-password")
}

// enroll gives the user an authenticator, and returns its secret and the recovery codes.
func (s *site) enroll(p *tab) (secret string, recovery []string) {
	s.Helper()
	p.click("begin-authenticator")
	p.see("qr")
	secret = p.text("authenticator-secret")
	p.until("the focus to be in the form", focused("authenticator-code"))
	p.press("000000")
	p.fill("authenticator-password", idptest.Password)
	p.press(kb.Enter)
	p.wantAlert("authenticator-code", "isn’t right")
	p.fill("authenticator-code", s.code(secret))
	p.click("authenticator-submit")
	p.see("recovery-codes")
	recovery = read[[]string](p, `[...document.querySelectorAll(".codes code")].map(e => e.innerText)`)
	if len(recovery) != 10 {
		s.Fatalf("recovery codes %q", recovery)
	}
	for range 3 {
		p.press(kb.Escape)
	}
	p.click("codes-copy")
	p.untilText("Copied.")
	p.click("codes-download")
	p.untilText("Downloaded.")
	p.click("codes-kept")
	p.untilText("The authenticator is on.")
	p.until("On", `document.querySelector('[data-testid="authenticator-state"]')?.innerText === "On"`)
	return secret, recovery
}

// TestAuthenticator sets up an authenticator, logs in with its code and with a recovery code, makes
// new ones, and removes it.
func TestAuthenticator(t *testing.T) {
	inEach(t, func(t *testing.T, s *site, b *browser) {
		p := s.enterAndLogIn(b)
		p.openSecurity()
		secret, recovery := s.enroll(p)
		p.click("security-close")
		p.until("the focus to be where it was", `document.activeElement?.id === "sessions-open"`)

		p.logInAgain(s, "")
		p.until("the focus to be in the next step", focused("login-code"))
		p.press("000000" + kb.Enter)
		p.wantAlert("login-code", "isn’t right")
		p.until("the code to be marked", focused("login-code"))
		p.press(s.code(secret) + kb.Enter)
		p.seeNo("login-form")

		p.logInAgain(s, "")
		p.click("login-recovery")
		p.until("the focus to be in the next step", focused("login-code"))
		p.press(strings.ToLower(recovery[3]) + kb.Enter)
		p.seeNo("login-form")

		p.openSecurity()
		p.click("begin-codes")
		p.until("the focus to be in the form", focused("codes-password"))
		p.press("wrong" + kb.Enter)
		p.wantAlert("codes-code", "needed")
		p.fill("codes-code", s.code(secret))
		p.press(kb.Enter)
		p.wantAlert("codes-password", "isn’t your password")
		p.fill("codes-password", idptest.Password)
		p.fill("codes-code", "000000")
		p.press(kb.Enter)
		p.wantAlert("codes-code", "isn’t right")
		p.click("codes-recovery")
		p.until("the focus to be in the next step", focused("codes-code"))
		p.press(recovery[4] + kb.Enter)
		p.see("recovery-codes")
		p.click("codes-kept")
		p.until("the focus to be where it was", `document.activeElement?.dataset.task === "codes"`)
		p.click("begin-authenticator-off")
		p.fill("authenticator-off-code", s.code(secret))
		p.fill("authenticator-off-password", idptest.Password)
		p.press(kb.Enter)
		p.untilText("The authenticator is off")
		p.click("security-close")
		p.logInAgain(s, "")
		p.seeNo("login-form")
	})
}

// logInAgain logs out, and submits the login form with the password, or that of the test's users.
func (p *tab) logInAgain(s *site, password string) {
	p.Helper()
	if password == "" {
		password = idptest.Password
	}
	p.click("logout")
	p.seeNo("user-name")
	if s.name == "store" {
		p.clickButton("Log in")
	}
	p.submitLogin(s.user.Email, password)
}

// TestPasswordChangeRequired: the login asks for a new password if the provider does, also after a
// code.
func TestPasswordChangeRequired(t *testing.T) {
	inEach(t, func(t *testing.T, s *site, b *browser) {
		p := s.enterAndLogIn(b)
		p.openSecurity()
		secret, _ := s.enroll(p)
		p.click("security-close")
		if err := s.provider.RequirePasswordChange(t.Context(), s.user.ID, idp.ChangeAdministrative); err != nil {
			t.Fatal(err)
		}
		p.logInAgain(s, "")
		p.fill("login-code", s.code(secret))
		p.press(kb.Enter)
		p.see("login-newPassword")
		p.fill("login-newPassword", fresh)
		p.fill("login-code", s.code(secret))
		p.press(kb.Enter)
		p.seeNo("login-form")
		p.see("user-name")
	})
}
