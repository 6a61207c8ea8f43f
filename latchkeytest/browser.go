package latchkeytest

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
)

// A Browser keeps the cookies of all apps. Its methods may be called by many goroutines, as tabs
// do.
type Browser struct {
	// KeepExpired has the browser send cookies whose time is over, as an attacker might.
	KeepExpired bool

	w   *World
	jar jar
}

// NewBrowser returns a browser without cookies.
func (w *World) NewBrowser() *Browser { return &Browser{w: w} }

// Do sends one request to an app, as a page of the app would: with the cookies, and with the
// headers by which a server sees that the page is its own. Headers that r has stay as they are, and
// so does its context. The URL of r needs a path alone. Redirections are not followed. The caller
// closes the body.
func (b *Browser) Do(a *App, r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.RequestURI = "" // of httptest.NewRequest
	scheme, _, _ := strings.Cut(a.Config.Origin, "://")
	r.URL.Scheme, r.URL.Host = scheme, strings.TrimPrefix(a.Config.Origin, scheme+"://")
	if r.Host == "" {
		r.Host = r.URL.Host
	}
	setDefault(r.Header, "User-Agent", "latchkeytest")
	setDefault(r.Header, "Sec-Fetch-Site", "same-origin")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		setDefault(r.Header, "Origin", a.Config.Origin)
	}
	for name, c := range b.jar.copy(a.host) {
		if c.covers(r.URL.Path) && (b.KeepExpired || !c.expired(b.w.Clock.Now())) {
			r.AddCookie(&http.Cookie{Name: name, Value: c.value})
		}
	}
	resp, err := a.client.Do(r)
	if err != nil {
		return nil, err
	}
	b.jar.keep(a.host, resp.Cookies(), b.w.Clock.Now())
	return resp, nil
}

// setDefault sets a header that is not there. One that is there without values is sent by nobody.
func setDefault(h http.Header, name, value string) {
	if _, there := h[name]; !there {
		h.Set(name, value)
	}
}

// Send makes a request, and another wherever a 307 says so, which a Guard answers if an older
// request comes late. The changes are made to each. A body is sent as JSON.
func (b *Browser) Send(a *App, method, path, body string, change ...func(*http.Request)) *Response {
	b.w.t.Helper()
	for range 10 {
		r, err := http.NewRequestWithContext(b.w.t.Context(), method, path, strings.NewReader(body))
		if err != nil {
			b.w.t.Fatalf("latchkeytest: %v", err)
		}
		if body != "" {
			r.Header.Set("Content-Type", "application/json")
		}
		for _, f := range change {
			f(r)
		}
		resp, err := b.Do(a, r)
		if err != nil {
			b.w.t.Fatalf("latchkeytest: %v", err)
		}
		got, err := read(resp)
		if err != nil {
			b.w.t.Fatalf("latchkeytest: %s %s: %v", method, path, err)
		}
		again, err := resp.Location()
		if got.Status != http.StatusTemporaryRedirect || err != nil || again.Host != resp.Request.URL.Host {
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

// Login logs in with [Password] through POST /api/login. A refusal ends the test.
func (b *Browser) Login(a *App, loginID string) *Response {
	b.w.t.Helper()
	form, err := json.Marshal(map[string]string{"loginId": loginID, "password": Password})
	if err != nil {
		b.w.t.Fatalf("latchkeytest: %v", err)
	}
	got := b.Post(a, "/api/login", string(form))
	if got.Status != http.StatusOK {
		b.w.t.Fatalf("latchkeytest: log in as %s: %d %s", loginID, got.Status, got.Body)
	}
	return got
}

// Logout logs out through POST /api/logout. A refusal ends the test.
func (b *Browser) Logout(a *App) *Response {
	b.w.t.Helper()
	got := b.Post(a, "/api/logout", "")
	if got.Status != http.StatusNoContent {
		b.w.t.Fatalf("latchkeytest: log out: %d %s", got.Status, got.Body)
	}
	return got
}

// Cookie returns the value of a cookie of the app, or "".
func (b *Browser) Cookie(a *App, name string) string { return b.jar.copy(a.host)[name].value }

// SetCookie gives the browser a cookie of the app.
func (b *Browser) SetCookie(a *App, name, value string) {
	b.jar.keep(a.host, []*http.Cookie{{Name: name, Value: value}}, b.w.Clock.Now())
}

// Copy returns a browser with the app's cookies of these names, or with all of them: that of a
// thief, or of a user who goes back in time.
func (b *Browser) Copy(a *App, names ...string) *Browser {
	other := &Browser{KeepExpired: b.KeepExpired, w: b.w}
	for name, c := range b.jar.copy(a.host) {
		if len(names) == 0 || slices.Contains(names, name) {
			other.jar.of(a.host)[name] = c
		}
	}
	return other
}

// A Response is an answer that has been read.
type Response struct {
	Status    int
	Header    http.Header
	Body      string
	Code      string // of a problem, as docs/http.md lists them
	EndReason string // of a problem: why the session ended
}

func read(resp *http.Response) (*Response, error) {
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	got := &Response{Status: resp.StatusCode, Header: resp.Header, Body: string(body)}
	if resp.Header.Get("Content-Type") != "application/problem+json" {
		return got, nil
	}
	var problem struct{ Code, EndReason string }
	err = json.Unmarshal(body, &problem)
	got.Code, got.EndReason = problem.Code, problem.EndReason
	return got, err
}
