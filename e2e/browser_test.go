package e2e_test

import (
	"context"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/storage"
	"github.com/chromedp/chromedp"
)

// The names of the two cookies of a session, of the proof that a bound one needs, and of the one
// that marks a browser which has logged in before.
const (
	sessionCookie = "__Host-session"
	refreshCookie = "__Host-refresh"
	boundCookie   = "__Host-bound"
	deviceCookie  = "__Host-device"
)

// A browser has its own cookies and storage. Its tabs share them.
type browser struct {
	*testing.T
	ctx context.Context // of the first tab; the others are its children
	all []*tab
}

// newBrowser gives the test its own browser, like an incognito window.
func newBrowser(t *testing.T) *browser {
	t.Helper()
	return newBrowserOf(t, chromium)
}

func newBrowserOf(t *testing.T, p *process) *browser {
	t.Helper()
	ctx, cancel := chromedp.NewContext(p.context(t), chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	return &browser{T: t, ctx: ctx}
}

// open opens a tab at the address.
func (b *browser) open(url string) *tab {
	b.Helper()
	ctx := b.ctx
	if len(b.all) > 0 {
		var cancel context.CancelFunc
		ctx, cancel = chromedp.NewContext(b.ctx)
		b.Cleanup(cancel)
	}
	p := newTab(b.T, ctx)
	b.all = append(b.all, p)
	p.navigate(url)
	return p
}

// cookies returns the session's cookies that the browser would send to the site, by name.
func (b *browser) cookies(s *site) map[string]*network.Cookie {
	b.Helper()
	found := make(map[string]*network.Cookie)
	for _, c := range b.jar() {
		if c.Domain == s.hostname && c.Name != deviceCookie {
			found[c.Name] = c
		}
	}
	return found
}

// awaitNoCookies returns when the browser has none for the site.
func (b *browser) awaitNoCookies(s *site) {
	b.Helper()
	for deadline := time.Now().Add(patience); len(b.cookies(s)) > 0; {
		if time.Now().After(deadline) {
			b.Fatalf("the browser still has %d cookies for %s", len(b.cookies(s)), s.name)
		}
	}
}

// jar returns all cookies of the browser, including those that no script can see.
func (b *browser) jar() []*network.Cookie {
	b.Helper()
	id := chromedp.FromContext(b.ctx).BrowserContextID
	result, err := chromedp.CallBrowser(b.ctx, storage.GetCookies, storage.GetCookiesParams{BrowserContextID: id})
	if err != nil {
		b.Fatal(err)
	}
	return result.Cookies
}

// fillRegistration goes from the login to the form for a new account, and fills it in.
func (p *tab) fillRegistration(email string) {
	p.Helper()
	p.click("to-register")
	p.fill("register-email", email)
	p.fill("register-newPassword", fresh)
}

// submitLogin fills in the login form on the page, and submits it.
func (p *tab) submitLogin(email, password string) {
	p.Helper()
	p.fill("login-email", email)
	p.fill("login-password", password)
	p.click("login-submit")
}

// logIn submits the login form and waits until it has gone.
func (p *tab) logIn(email, password string) {
	p.Helper()
	p.submitLogin(email, password)
	p.seeNo("login-form")
	p.see("user-name")
}
