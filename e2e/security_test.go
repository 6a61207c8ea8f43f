package e2e_test

import (
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"github.com/latchkey-dev/latchkey/idp/idptest"
)

// TestSecurityByKeyboard changes the password with the keyboard alone. Escape goes one step back,
// and the focus returns to where it was.
func TestSecurityByKeyboard(t *testing.T) {
	inEach(t, func(t *testing.T, s *site, b *browser) {
		p := s.enterAndLogIn(b)
		p.tabTo("sessions-open")
		p.press(kb.Enter)
		p.tabTo("security-open")
		p.press(kb.Enter)
		p.see("begin-password")
		p.tabTo("begin-password")
		p.press(kb.Enter)
		p.until("the focus to be in the form", focused("password-password"))
		p.press(kb.Escape)
		p.until("the focus to be where it was", focused("begin-password"))
		p.press(kb.Enter)
		p.until("the focus to be in the form", focused("password-password"))
		p.press(idptest.Password)
		p.tabTo("password-newPassword")
		p.press(fresh + kb.Enter)
		p.untilText("Your password is changed")
		p.until("the focus to be where it was", focused("begin-password"))
		p.press(kb.Escape)
		p.until("the focus to be where it was", focused("sessions-open"))
	})
}

// TestSessionEndsInForm: the session ends while a form of the account is being filled in. The login
// opens over it, and the form continues after it.
func TestSessionEndsInForm(t *testing.T) {
	inEach(t, func(t *testing.T, s *site, b *browser) {
		p := s.enterAndLogIn(b)
		p.openSecurity()
		p.click("begin-password")
		p.fill("password-password", idptest.Password)
		p.fill("password-newPassword", fresh)
		s.clock.advance(refresh + time.Hour)
		p.press(kb.Enter)
		p.see("login-form")
		p.logIn(s.user.Email, idptest.Password)
		p.untilText("Your password is changed")
		p.click("security-close")
		p.seeNo("security-close")
	})
}
