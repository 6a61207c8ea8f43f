package latchkeytest

import (
	"context"
	"net/http"
	"net/url"

	"github.com/latchkey-dev/latchkey/dbsc/dbsctest"
)

// NewBindingBrowser returns a browser that binds its sessions to keys, as Chrome does where it can
// (W3C, "Device Bound Session Credentials"). It registers a key right after the login, and proves
// it before or after the requests that make a browser do so. Browser.Keys has the keys.
func (w *World) NewBindingBrowser() *Browser {
	b := w.NewBrowser()
	b.Keys = &dbsctest.Browser{Jar: keyJar{b}, Transport: &keyTransport{}, Now: w.Clock.Now}
	return b
}

// doWithKeys is Do for a browser that binds sessions.
func (b *Browser) doWithKeys(a *App, r *http.Request) (*http.Response, error) {
	ctx := context.WithValue(r.Context(), nodeKey{}, a)
	resp, err := b.Keys.RoundTrip(r.WithContext(ctx))
	b.Keys.RunDue(ctx)
	return resp, err
}

// nodeKey finds the node that a request goes to.
type nodeKey struct{}

type keyTransport struct{}

// RoundTrip sends a request to its node.
func (*keyTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	a := r.Context().Value(nodeKey{}).(*App)
	return a.client.Transport.RoundTrip(r)
}

// keyJar is a browser's jar, as package dbsctest uses it.
type keyJar struct{ *Browser }

// SetCookies keeps the cookies of a response.
func (j keyJar) SetCookies(u *url.URL, cookies []*http.Cookie) {
	j.jar.keep(u.Hostname(), cookies, j.w.Clock.Now())
}

// Cookies returns what a request has.
func (j keyJar) Cookies(u *url.URL) (cookies []*http.Cookie) {
	for name, c := range j.jar.copy(u.Hostname()) {
		if c.covers(u.Path) && (j.KeepExpired || !c.expired(j.w.Clock.Now())) {
			cookies = append(cookies, &http.Cookie{Name: name, Value: c.value})
		}
	}
	return cookies
}
