package e2e_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"github.com/latchkey-dev/latchkey/account"
)

// TestServeVerified runs the real gateway with its embedded provider: nobody gets in before they
// use the link in the mail, which opens the gateway's own page.
func TestServeVerified(t *testing.T) {
	t.Parallel()
	program, dir, b := buildProgram(t), t.TempDir(), newBrowser(t)
	page, err := filepath.Abs("../examples/forums/dist")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "latchkey.yaml")
	err = os.WriteFile(file, []byte(`listen: 127.0.0.1:0
provider: {listen: 127.0.0.1:0}
mail: {folder: outbox, from: 'Shop <no-reply@example.com>'}
apps:
  - host: app.localhost
    name: The Shop
    application_id: 85a03867-dccf-4882-adde-1a79aeec50df
    accounts: verified
    spa: `+page+"\n"), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	s := startProgram(t, program, "serve", "-c", file)
	defer s.interrupt()
	origin := strings.Fields(s.line)[0]
	o := &outbox{T: t, folder: filepath.Join(dir, "outbox"), read: make(map[string]bool)}

	p := b.open(origin)
	p.fillRegistration("bob@example.com")
	p.click("register-submit")
	p.see("mailed")
	link := o.await(p, 1, "bob@example.com")
	if !strings.HasPrefix(link, account.PageURL(origin)+"#verify-email=") {
		t.Fatalf("the mail links to %s", link)
	}
	p.click("to-login")
	p.submitLogin("bob@example.com", fresh)
	p.wantAlert("login-password", "don’t match")

	p = b.open(link)
	p.fill("verify-password", fresh)
	p.click("verify-submit")
	p.click("mail-link-go-on")
	p.logIn("bob@example.com", fresh)
	p.click("logout")

	p.click("to-forgot")
	p.fill("forgot-email", "bob@example.com")
	p.press(kb.Enter)
	p.see("mailed")
	p = b.open(o.await(p, 2, "bob@example.com"))
	p.fill("reset-newPassword", "another passphrase of Bob's")
	p.press(kb.Enter)
	p.click("mail-link-go-on")
	p.logIn("bob@example.com", "another passphrase of Bob's")
}
