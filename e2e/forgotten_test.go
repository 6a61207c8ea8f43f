package e2e_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"github.com/latchkey-dev/latchkey/idp/idptest"
)

// TestForgottenPassword: the page says the same for an address without an account; the link in the
// mail sets a new password.
func TestForgottenPassword(t *testing.T) {
	inEach(t, func(t *testing.T, s *site, b *browser) {
		p := s.enter(b)
		said := make(map[string]bool)
		for _, email := range []string{"nobody@example.com", s.user.Email} {
			p.click("to-forgot")
			p.until("the focus to be in the form", focused("forgot-email"))
			p.press(email + kb.Enter)
			said[strings.ReplaceAll(p.text("mailed"), email, "…")] = true
			p.click("to-login")
		}
		if len(said) != 1 {
			t.Errorf("an address without an account is told apart: %v", said)
		}
		p = b.open(s.outbox.link(s.user.Email))
		p.until("the focus to be in the form", focused("reset-newPassword"))
		p.press("short" + kb.Enter)
		p.wantAlert("reset-newPassword", "15 characters")
		p.fill("reset-newPassword", fresh)
		p.press(kb.Enter)
		p.see("mail-link-go-on")
		p.seeNo("reset-passkeys")
		p.click("mail-link-go-on")
		s.forget()
		p.submitLogin(s.user.Email, idptest.Password)
		s.await(1, "POST", "/api/login")
		if e := s.only("POST", "/api/login"); e.status != http.StatusUnauthorized {
			t.Errorf("the old password: %d", e.status)
		}
		p.logIn(s.user.Email, fresh)
	})
}

// TestForgottenPasswordWithPasskey: a user who resets a password is told that a passkey still opens
// the account.
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
