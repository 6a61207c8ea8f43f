package e2e_test

import (
	"testing"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/latchkey-dev/latchkey/idp/idptest"
)

// A device is Chromium's own authenticator: it makes keys and signs with them as a phone does, and says yes in its user's place.
type device struct {
	*tab
	id webauthn.AuthenticatorID
}

func (p *tab) device() device {
	p.Helper()
	if _, err := chromedp.Call(p.ctx, webauthn.Enable, webauthn.EnableParams{}); err != nil {
		p.Fatal(err)
	}
	made, err := chromedp.Call(p.ctx, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: "ctap2", Transport: "internal", HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
	}})
	if err != nil {
		p.Fatal(err)
	}
	return device{p, made.AuthenticatorID}
}

// recognise has the device recognise its user from now on, or fail to.
func (d device) recognise(user bool) {
	d.Helper()
	if _, err := chromedp.Call(d.ctx, webauthn.SetUserVerified, webauthn.SetUserVerifiedParams{AuthenticatorID: d.id, IsUserVerified: user}); err != nil {
		d.Fatal(err)
	}
}

// TestPasskey adds a passkey, logs in with it instead of password and code, and removes it.
func TestPasskey(t *testing.T) {
	inEach(t, func(t *testing.T, s *site, b *browser) {
		p := s.enterAndLogIn(b)
		d := p.device()
		p.openSecurity()
		secret, _ := s.enroll(p)
		p.click("begin-passkey")
		p.until("the focus to be in the form", focused("passkey-name"))
		p.press("Phone" + kb.Tab + "wrong")
		p.fill("passkey-code", s.code(secret))
		p.press(kb.Enter)
		p.wantAlert("passkey-password", "isn’t your password")
		p.fill("passkey-password", idptest.Password)
		p.fill("passkey-code", s.code(secret))
		d.recognise(false)
		p.press(kb.Enter)
		p.untilText("No passkey was made")
		d.recognise(true)
		p.click("passkey-submit")
		p.wantAlert("passkey-code", "has been used")
		p.press(s.code(secret) + kb.Enter)
		p.untilText("is yours now")
		p.see("passkey")
		p.until("the focus to be where it was", focused("begin-passkey"))
		p.click("security-close")

		p.click("logout")
		p.seeNo("user-name")
		if s.name == "store" {
			p.clickButton("Log in")
		}
		p.click("login-passkey")
		p.wantAlert("login-email", "needed")
		p.fill("login-email", "nobody@example.com")
		p.click("login-passkey")
		p.untilText("This passkey doesn’t open an account here")
		p.fill("login-email", s.user.Email)
		d.recognise(false)
		p.click("login-passkey")
		p.untilText("No passkey was used")
		d.recognise(true)
		p.click("login-passkey")
		p.seeNo("login-form")
		p.see("user-name")

		p.openSecurity()
		p.click("passkey-remove")
		p.until("the focus to be in the form", focused("passkey-gone-password"))
		p.press(kb.Enter)
		p.wantAlert("passkey-gone-password", "needed")
		p.press("wrong" + kb.Enter)
		p.wantAlert("passkey-gone-password", "isn’t your password")
		p.press(idptest.Password + kb.Enter)
		p.untilText("is removed")
		p.seeNo("passkey")
	})
}

// addPasskey adds the first of a user's passkeys, who has no authenticator.
func (p *tab) addPasskey() {
	p.Helper()
	p.click("begin-passkey")
	p.fill("passkey-name", "Phone")
	p.fill("passkey-password", idptest.Password)
	p.press(kb.Enter)
	p.untilText("is yours now")
	p.see("passkey")
}

// TestPasskeyAsProof changes how the user logs in, with a passkey instead of the password and the code.
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

// TestForgottenPasswordWithPasskey: whoever sets a forgotten password is told that a passkey still opens the account.
func TestForgottenPasswordWithPasskey(t *testing.T) {
	inEach(t, func(t *testing.T, s *site, b *browser) {
		p := s.enterAndLogIn(b)
		p.device()
		p.openSecurity()
		p.addPasskey()
		p.click("security-close")
		p.click("logout")
		p.seeNo("user-name")
		if s.name == "store" {
			p.clickButton("Log in")
		}
		p.click("to-forgot")
		p.fill("forgot-email", s.user.Email)
		p.press(kb.Enter)
		p.see("mailed")
		p = b.open(s.outbox.link(s.user.Email))
		p.fill("reset-newPassword", fresh)
		p.press(kb.Enter)
		p.see("reset-passkeys")
		p.untilText("One passkey still opens your account")
		p.click("mail-link-go-on")
		p.logIn(s.user.Email, fresh)
		p.openSecurity()
		p.see("passkey")
	})
}
