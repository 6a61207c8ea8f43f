package e2e_test

import (
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/storage"
	"github.com/chromedp/chromedp"
)

// What happens to the bound cookie in a browser. Chromium's own clock cannot be moved.

// loseProof deletes it. The browser has to give a proof before its next request.
func (b *binder) loseProof(origin string) {
	b.Helper()
	if _, err := chromedp.Call(b.ctx, network.DeleteCookies, network.DeleteCookiesParams{Name: boundCookie, URL: origin}); err != nil {
		b.Fatal(err)
	}
}

// ageProof makes it end soon. The browser gives a proof beside its next request.
func (b *binder) ageProof(s *site) {
	b.Helper()
	old := b.cookies(s)[boundCookie]
	if old == nil {
		b.Fatal("the browser has no bound cookie")
	}
	aged := sameCookie(old, s)
	aged.Expires = cdp.TimeSinceEpoch(time.Now().Add(100 * time.Second).Unix())
	b.setCookies(aged)
}

// takeCookies copies all cookies of another browser for the site, but no key.
func (b *binder) takeCookies(from *binder, s *site) {
	b.Helper()
	var taken []*network.CookieParam
	for _, c := range from.jar() {
		if c.Domain == s.hostname {
			taken = append(taken, sameCookie(c, s))
		}
	}
	b.setCookies(taken...)
}

func (b *binder) setCookies(cookies ...*network.CookieParam) {
	b.Helper()
	id := chromedp.FromContext(b.ctx).BrowserContextID
	if _, err := chromedp.CallBrowser(b.ctx, storage.SetCookies, storage.SetCookiesParams{Cookies: cookies, BrowserContextID: id}); err != nil {
		b.Fatal(err)
	}
}

// sameCookie is a cookie of the site, to be set again. With an address in place of its domain it
// may have the prefix __Host-.
func sameCookie(c *network.Cookie, s *site) *network.CookieParam {
	same := &network.CookieParam{Name: c.Name, Value: c.Value, URL: s.origin, Path: c.Path, Secure: c.Secure, HTTPOnly: c.HTTPOnly, SameSite: c.SameSite}
	if !c.Session {
		same.Expires = cdp.TimeSinceEpoch(c.Expires)
	}
	return same
}
