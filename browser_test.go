package latchkey_test

import (
	"fmt"

	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/latchkey-dev/latchkey/idp/idptest"
	"github.com/latchkey-dev/latchkey/latchkeytest"
)

// A browser sends its cookies however old they are.
type browser struct {
	*latchkeytest.Browser // once it has met an app
	once                  sync.Once

	stubborn bool // does not follow redirections
}

func newBrowser() *browser { return &browser{} }

// of returns the browser in the world of an app.
func (b *browser) of(a *app) *latchkeytest.Browser {
	b.once.Do(func() {
		if b.Browser == nil {
			b.Browser = a.w.NewBrowser()
			b.KeepExpired = true
		}
	})
	return b.Browser
}

func (b *browser) jar(a *app) map[string]string { return b.of(a).Cookies(a.App) }

func (b *browser) set(a *app, name, value string) { b.of(a).SetCookie(a.App, name, value) }

// copy is what a thief of the jar has.
func (b *browser) copy(a *app, names ...string) *browser {
	return &browser{Browser: b.of(a).Copy(a.App, names...)}
}

const (
	sessionCookie = "__Host-session"
	refreshCookie = "__Host-refresh"
	echoCookie    = "__Host-echo"
)

// reply is an answer that has been read.
type reply struct {
	status int
	header http.Header
	body   string
	code   string // of a problem
	reason string // endReason of a problem
	minted bool   // came with new cookies
}

// send makes a request as a page of the app would: with its cookies, its origin, and JSON.
func (b *browser) send(a *app, method, path, body string, change ...func(*http.Request)) reply {
	a.w.Helper()
	r := a.NewRequest(a.w.Context(), method, path, body)
	r.Header.Set("User-Agent", "Test/1.0")
	for _, value := range b.jar(a) {
		a.w.keep(value)
	}
	if b.Keys != nil {
		for _, s := range b.Keys.Sessions() {
			a.w.keep(s.ID, s.Challenge, s.Proof)
		}
	}
	for _, c := range change {
		c(r)
	}
	resp, err := b.of(a).Do(a.App, r)
	if err != nil {
		a.w.Fatal(err)
	}
	got, err := latchkeytest.Read(resp)
	if err != nil {
		a.w.Fatal(err)
	}
	if got.Status == http.StatusTemporaryRedirect && !b.stubborn {
		return b.send(a, method, path, body, change...)
	}
	return reply{got.Status, got.Header, got.Body, got.Code, got.EndReason, got.SetsCookie(sessionCookie)}
}

func (b *browser) get(a *app, path string) reply {
	a.w.Helper()
	return b.send(a, http.MethodGet, path, "")
}

func (b *browser) login(a *app) reply {
	a.w.Helper()
	got := b.send(a, http.MethodPost, "/api/login", `{"email":"ada@example.com","password":"`+idptest.Password+`"}`)
	if got.status != http.StatusOK {
		a.w.Fatalf("login: %d %s", got.status, got.body)
	}
	return got
}

func (r reply) want(t testing.TB, status int, code, reason string) {
	t.Helper()
	if r.status != status || r.code != code || r.reason != reason {
		t.Errorf("got %d %q %q, want %d %q %q; body %s", r.status, r.code, r.reason, status, code, reason, r.body)
	}
}

// ok wants the app's own answer to Ada, with or without new cookies.
func (r reply) ok(t testing.TB, minted bool) {
	t.Helper()
	if r.status != http.StatusOK || r.body != "ada@example.com" || r.minted != minted {
		t.Errorf("got %d %q, new cookies: %v; want Ada's 200, new cookies: %v", r.status, r.body, r.minted, minted)
	}
}

// request is one of the browser, for handlers that are called without a server.
func (b *browser) request(a *app, path string) *http.Request {
	r := httptest.NewRequest("GET", path, nil)
	for name, value := range b.jar(a) {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	return r
}

// keep stores the cookies of an answer.
func (b *browser) keep(a *app, resp *http.Response) {
	for _, c := range resp.Cookies() {
		if c.MaxAge < 0 {
			b.of(a).DeleteCookie(a.App, c.Name)
		} else {
			b.set(a, c.Name, c.Value)
		}
	}
}

func header(name string, values ...string) func(*http.Request) {
	return func(r *http.Request) {
		r.Header.Del(name)
		for _, v := range values {
			r.Header.Add(name, v)
		}
	}
}

func (b *browser) try(a *app, email, password string, change ...func(*http.Request)) reply {
	a.w.Helper()
	return b.send(a, "POST", "/api/login", fmt.Sprintf(`{"email":%q,"password":%q}`, email, password), change...)
}

// from makes requests come from an address.
func from(ip string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("X-Test-Address", ip) }
}
