package latchkeytest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"

	"github.com/latchkey-dev/latchkey/dbsc/dbsctest"
)

// A Browser keeps cookies, for each app apart. It is safe for concurrent use: goroutines are tabs.
type Browser struct {
	// KeepExpired makes the browser send expired cookies too, as an attacker might.
	KeepExpired bool
	// Keys are the keys to which sessions are bound, of a browser that does so; see
	// World.NewBindingBrowser. Nil: it binds none.
	Keys *dbsctest.Browser

	w   *World
	jar jar
}

// NewBrowser returns a browser without cookies.
func (w *World) NewBrowser() *Browser { return &Browser{w: w} }

// Do sends r, usually made by [App.NewRequest], with the app's cookies, and keeps those of the
// response. It follows no redirects. The caller closes the body.
func (b *Browser) Do(a *App, r *http.Request) (*http.Response, error) {
	if b.Keys != nil {
		return b.doWithKeys(a, r)
	}
	resp, err := a.client.Do(b.withCookies(a, r))
	if err != nil {
		return nil, err
	}
	b.jar.keep(a.host, resp.Cookies(), b.w.Clock.Now())
	return resp, nil
}

// DoDirectly is Do without a server: it calls the app's handler, which sees the context of r, and
// returns when the handler does.
func (b *Browser) DoDirectly(a *App, r *http.Request) *http.Response {
	r = b.withCookies(a, r)
	r.RequestURI, r.RemoteAddr = r.URL.RequestURI(), clientAddr.String()
	if r.Body == nil {
		r.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	a.handler.ServeHTTP(w, r)
	resp := w.Result()
	resp.Request = r
	b.jar.keep(a.host, resp.Cookies(), b.w.Clock.Now())
	return resp
}

func (b *Browser) withCookies(a *App, r *http.Request) *http.Request {
	r = r.Clone(r.Context())
	for name, c := range b.jar.copy(a.host) {
		if c.covers(r.URL.Path) && (b.KeepExpired || !c.expired(b.w.Clock.Now())) {
			r.AddCookie(&http.Cookie{Name: name, Value: c.value})
		}
	}
	return r
}

// Send makes a request as a page of the app does and reads the response. It follows a 307, as fetch
// does: a Guard sends one to a browser whose cookies are out of date. The changes are applied to
// every request.
func (b *Browser) Send(a *App, method, path, body string, change ...func(*http.Request)) *Response {
	b.w.t.Helper()
	for range 10 {
		r := a.NewRequest(b.w.t.Context(), method, path, body)
		for _, f := range change {
			f(r)
		}
		resp, err := b.Do(a, r)
		if err != nil {
			b.w.t.Fatalf("latchkeytest: %v", err)
		}
		got, err := Read(resp)
		if err != nil {
			b.w.t.Fatalf("latchkeytest: %s %s: %v", method, path, err)
		}
		again, err := resp.Location()
		if got.Status != http.StatusTemporaryRedirect || err != nil || again.Host != r.URL.Host {
			return got
		}
		path = again.RequestURI()
	}
	b.w.t.Fatalf("latchkeytest: %s %s: too many redirections", method, path)
	return nil
}

// Get makes a GET request.
func (b *Browser) Get(a *App, path string, change ...func(*http.Request)) *Response {
	b.w.t.Helper()
	return b.Send(a, http.MethodGet, path, "", change...)
}

// Post makes a POST request with a JSON body.
func (b *Browser) Post(a *App, path, body string, change ...func(*http.Request)) *Response {
	b.w.t.Helper()
	return b.Send(a, http.MethodPost, path, body, change...)
}

// Login logs in with [Password] through POST /login below the guard's base path. Any response but
// 200 ends the test.
func (b *Browser) Login(a *App, loginID string) *Response {
	b.w.t.Helper()
	form, err := json.Marshal(map[string]string{"loginId": loginID, "password": Password})
	if err != nil {
		b.w.t.Fatalf("latchkeytest: %v", err)
	}
	got := b.Post(a, a.Guard.BasePath()+"/login", string(form))
	if got.Status != http.StatusOK {
		b.w.t.Fatalf("latchkeytest: log in as %s: %d %s", loginID, got.Status, got.Body)
	}
	return got
}

// Logout logs out through POST /logout below the guard's base path. Any response but 204 ends the
// test.
func (b *Browser) Logout(a *App) *Response {
	b.w.t.Helper()
	got := b.Post(a, a.Guard.BasePath()+"/logout", "")
	if got.Status != http.StatusNoContent {
		b.w.t.Fatalf("latchkeytest: log out: %d %s", got.Status, got.Body)
	}
	return got
}

// Cookie returns the value of one of the app's cookies, or "".
func (b *Browser) Cookie(a *App, name string) string { return b.jar.copy(a.host)[name].value }

// Cookies returns the app's cookies: values by name.
func (b *Browser) Cookies(a *App) map[string]string {
	cookies := make(map[string]string)
	for name, c := range b.jar.copy(a.host) {
		cookies[name] = c.value
	}
	return cookies
}

// DeleteCookie deletes one of the app's cookies.
func (b *Browser) DeleteCookie(a *App, name string) {
	b.jar.keep(a.host, []*http.Cookie{{Name: name, MaxAge: -1}}, b.w.Clock.Now())
}

// SetCookie sets one of the app's cookies.
func (b *Browser) SetCookie(a *App, name, value string) {
	b.jar.keep(a.host, []*http.Cookie{{Name: name, Value: value}}, b.w.Clock.Now())
}

// Copy returns a browser with a copy of the app's cookies, or of those named: a thief's, for
// example.
func (b *Browser) Copy(a *App, names ...string) *Browser {
	other := &Browser{KeepExpired: b.KeepExpired, w: b.w}
	for name, c := range b.jar.copy(a.host) {
		if len(names) == 0 || slices.Contains(names, name) {
			other.jar.of(a.host)[name] = c
		}
	}
	return other
}
