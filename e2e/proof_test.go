package e2e_test

import (
	"testing"

	"github.com/chromedp/chromedp/kb"

	"github.com/latchkey-dev/latchkey/idp/idptest"
)

// TestPasskeyAsProof changes how the user logs in, with a passkey instead of the password and the
// code.
func TestPasskeyAsProof(t *testing.T) {
	inEach(t, func(t *testing.T, s *site, b *browser) {
		p := s.enterAndLogIn(b)
		d := p.device()
		p.openSecurity()
		p.click("begin-passkey")
		p.see("passkey-submit")
		p.seeNo("passkey-by-passkey")
		p.click("security-back")
		p.addPasskey()

		p.click("begin-authenticator")
		p.see("qr")
		p.click("authenticator-by-passkey")
		p.wantAlert("authenticator-code", "needed")
		secret := p.text("authenticator-secret")
		p.fill("authenticator-code", s.code(secret))
		d.recognise(false)
		p.click("authenticator-by-passkey")
		p.untilText("No passkey was used")
		if p.value("authenticator-code") == "" {
			t.Error("what was typed is gone")
		}
		d.recognise(true)
		p.click("authenticator-by-passkey")
		p.click("codes-kept")
		p.untilText("The authenticator is on.")

		p.click("begin-codes")
		p.see("codes-code")
		p.click("codes-by-passkey")
		p.click("codes-kept")
		p.untilText("Your new recovery codes are the ones that count.")

		p.click("begin-passkey")
		p.fill("passkey-name", "Phone, once more")
		p.click("passkey-by-passkey")
		p.untilText("This device has a passkey for your account already.")
		p.click("security-back")

		p.click("begin-authenticator-off")
		p.fill("authenticator-off-code", "000000")
		p.click("authenticator-off-by-passkey")
		p.wantAlert("authenticator-off-code", "isn’t right")
		p.fill("authenticator-off-code", s.code(secret))
		p.click("authenticator-off-by-passkey")
		p.untilText("The authenticator is off")

		p.click("passkey-remove")
		p.click("passkey-gone-by-passkey")
		p.untilText("is removed")
		p.seeNo("passkey")
	})
}

// TestAuthenticatorSetMeanwhile: the page does not know about the user's authenticator yet, and
// asks for a code once the server wants one.
func TestAuthenticatorSetMeanwhile(t *testing.T) {
	inEach(t, func(t *testing.T, s *site, b *browser) {
		p := s.enterAndLogIn(b)
		p.openSecurity()
		p.click("begin-password")
		other := s.enterAndLogIn(newBrowser(t))
		other.openSecurity()
		secret, _ := s.enroll(other)
		p.fill("password-password", idptest.Password)
		p.fill("password-newPassword", fresh)
		p.press(kb.Enter)
		p.until("the focus to be in the next step", focused("password-code"))
		p.press(s.code(secret) + kb.Enter)
		p.untilText("Your password is changed")
	})
}
