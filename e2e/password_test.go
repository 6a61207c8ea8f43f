package e2e_test

import (
	"testing"

	"github.com/chromedp/chromedp/kb"

	"github.com/latchkey-dev/latchkey/idp/idptest"
)

// TestChangePassword: a new password logs the user out elsewhere, and the form asks for a code if
// they have an authenticator.
func TestChangePassword(t *testing.T) {
	inEach(t, func(t *testing.T, s *site, b *browser) {
		other := s.enterAndLogIn(newBrowser(t))
		p := s.enterAndLogIn(b)
		p.openSecurity()
		p.click("begin-password")
		p.until("the focus to be in the form", focused("password-password"))
		p.press("wrong" + kb.Enter)
		p.wantAlert("password-newPassword", "needed")
		p.fill("password-newPassword", fresh)
		p.press(kb.Enter)
		p.wantAlert("password-password", "isn’t your password")
		p.press(idptest.Password + kb.Enter)
		p.untilText("Your password is changed")
		p.click("security-close")
		p.logInAgain(s, fresh)
		p.seeNo("login-form")
		other.reload()
		other.seeNo("user-name")
	})
}

// TestChangePasswordWithAuthenticator: a wrong code changes nothing, and the form continues with
// the next one.
func TestChangePasswordWithAuthenticator(t *testing.T) {
	inEach(t, func(t *testing.T, s *site, b *browser) {
		p := s.enterAndLogIn(b)
		p.openSecurity()
		secret, _ := s.enroll(p)
		change := func(from, to, code string) {
			p.click("begin-password")
			p.fill("password-password", from)
			p.fill("password-newPassword", to)
			p.fill("password-code", code)
			p.press(kb.Enter)
		}
		change(idptest.Password, fresh, s.code(secret))
		p.untilText("Your password is changed")
		change(fresh, fresh+"!", "000000")
		p.wantAlert("password-code", "isn’t right")
		p.until("the code to be marked", focused("password-code"))
		p.press(s.code(secret) + kb.Enter)
		p.untilText("Your password is changed")
		p.click("security-close")
		p.logInAgain(s, fresh+"!")
		p.fill("login-code", s.code(secret))
		p.press(kb.Enter)
		p.seeNo("login-form")
		p.see("user-name")
	})
}
