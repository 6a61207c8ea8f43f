package e2e_test

import (
	"fmt"
	"testing"

	"github.com/latchkey-dev/latchkey/idp/idptest"
)

// What a person does at each of the apps. The store shows its goods to everyone and asks for a
// login when the cart needs one; the forums ask immediately.

// inEach runs a test for both apps, each in its own world and browser.
func inEach(t *testing.T, test func(*testing.T, *site, *browser)) {
	t.Run("store", func(t *testing.T) { t.Parallel(); test(t, newWorld(t).store, newBrowser(t)) })
	t.Run("forums", func(t *testing.T) { t.Parallel(); test(t, newWorld(t).forums, newBrowser(t)) })
}

// enter opens the site in a new tab, up to the login form.
func (s *site) enter(b *browser) *tab {
	s.Helper()
	p := b.open(s.origin + s.page())
	if s.name == "store" {
		p.see("product-kettle")
		p.click("cart-open")
	}
	p.see("login-form")
	return p
}

// page is where a person can act: the shop, or a thread.
func (s *site) page() string {
	if s.name == "store" {
		return "/"
	}
	return "/threads/1"
}

// enterAndLogIn opens the site in a new tab and logs the user in there.
func (s *site) enterAndLogIn(b *browser) *tab {
	s.Helper()
	p := s.enter(b)
	p.logIn(s.user.Email, idptest.Password)
	s.seePrivate(p)
	return p
}

// openLoggedIn opens the site in a new tab of a browser in which the user is logged in.
func (s *site) openLoggedIn(b *browser) *tab {
	s.Helper()
	p := b.open(s.origin + s.page())
	p.see("user-name")
	if s.name == "store" {
		p.click("cart-open")
	}
	s.seePrivate(p)
	return p
}

// seePrivate waits until the page shows what only the user may see, and has received everything.
func (s *site) seePrivate(p *tab) {
	s.Helper()
	p.see("user-name")
	p.seeNo("login-form")
	if s.name == "forums" {
		p.see("thread-1")
	} else {
		p.until("the cart", `document.querySelector('[data-testid="cart-empty"], [data-testid="cart-total"]')`)
	}
	p.rest()
}

// act does something that needs a login, always the same: it puts a mug into the cart, or posts to
// the thread.
func (s *site) act(p *tab) {
	s.Helper()
	if s.name == "store" {
		p.click("add-mug")
		return
	}
	p.fill("post-body", someWords)
	p.click("post-submit")
}

const someWords = "Bats are not blind."

// seeActed waits until the page and the server agree that it has been done this many times.
func (s *site) seeActed(p *tab, times int) {
	s.Helper()
	defer p.rest()
	if s.name == "store" {
		p.until(fmt.Sprintf("%d mugs in the cart", times), fmt.Sprintf(
			`document.querySelector('[data-testid="qty-mug"]')?.value === "%d" && !document.querySelector('[data-saving="true"]')`, times))
		return
	}
	p.until(fmt.Sprintf("%d posts", times), fmt.Sprintf(
		`[...document.querySelectorAll('.post .words')].filter(e => e.innerText === %q).length === %d && document.querySelector('[data-testid="post-body"]').value === ""`,
		someWords, times))
}

// action is the route of act.
func (s *site) action() string {
	if s.name == "store" {
		return "/api/shopping-cart/mug"
	}
	return "/api/threads/1/posts"
}
