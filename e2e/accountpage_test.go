package e2e_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"github.com/latchkey-dev/latchkey/account"
)

// atGatewaysPage turns a link to the app's own page into one to the gateway's, as in the mails of
// apps without such a page.
func (s *site) atGatewaysPage(link string) string {
	s.Helper()
	id, found := strings.CutPrefix(link, s.origin+"/#")
	if !found {
		s.Fatalf("a link to somewhere else: %s", link)
	}
	return account.PageURL(s.origin) + "#" + id
}

// TestGatewaysPageResets: the gateway's own page says that a link is invalid before anybody types a
// password, and sets a password with a valid link.
func TestGatewaysPageResets(t *testing.T) {
	t.Parallel()
	s, b := newWorld(t).forums, newBrowser(t)
	p := b.open(account.PageURL(s.origin))
	p.untilText("Open the link in your mail again")
	p.navigate(account.PageURL(s.origin) + "#reset-password=nonsense")
	p.see("mail-link-invalid")
	p.seeNo("reset-form")
	p.fill("new-link-email", s.user.Email)
	p.press(kb.Enter)
	p.see("mailed")

	p = b.open(s.atGatewaysPage(s.outbox.link(s.user.Email)))
	p.until("the focus to be in the form", focused("reset-newPassword"))
	p.until("the address to keep no id", `location.hash === ""`)
	p.untilText(s.user.Email)
	p.press("short" + kb.Enter)
	p.wantAlert("reset-newPassword", "15 characters")
	p.fill("reset-newPassword", fresh)
	p.press(kb.Enter)
	p.click("mail-link-go-on")
	p.logIn(s.user.Email, fresh)
}

// TestGatewaysPageVerifies: opening the link changes nothing, submitting the form does.
func TestGatewaysPageVerifies(t *testing.T) {
	t.Parallel()
	s, b := newWorld(t).forums, newBrowser(t)
	p := s.enter(b)
	p.fillRegistration("bob@example.com")
	p.click("register-submit")
	p.see("mailed")
	link := s.atGatewaysPage(s.outbox.link("bob@example.com"))
	p = b.open(link)
	p.see("verify-submit")
	if n := s.provider.Calls("/api/user/verify-email"); n != 0 {
		t.Errorf("%d calls before anybody pressed a button", n)
	}
	p.untilText("bob@example.com")
	p.until("the focus to be in the form", focused("verify-password"))
	p.press("another passphrase" + kb.Enter) // by keyboard alone
	p.wantAlert("verify-password", "isn’t the password")
	p.press(fresh)
	p.tabTo("verify-submit")
	p.press(kb.Enter)
	p.see("mail-link-done")
	p.click("mail-link-go-on")
	p.logIn("bob@example.com", fresh)

	p = b.open(link)
	p.see("mail-link-invalid")
	p.seeNo("verify-form")
}
