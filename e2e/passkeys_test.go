package e2e_test

import (
	"testing"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/latchkey-dev/latchkey/idp/idptest"
)

// A device is Chromium's virtual authenticator: it makes keys and signs with them like a phone, and
// consents for its user.
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

// recognise makes the device recognize its user from now on, or fail to.
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

// addPasskey adds the first passkey of a user who has no authenticator.
func (p *tab) addPasskey() {
	p.Helper()
	p.click("begin-passkey")
	p.fill("passkey-name", "Phone")
	p.fill("passkey-password", idptest.Password)
	p.press(kb.Enter)
	p.untilText("is yours now")
	p.see("passkey")
}
