// Package apptest gives the tests of an example app a login: the real guard in front of the real
// provider, all in memory, and a browser that keeps its cookies.
package apptest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/fusionauth"
	"github.com/latchkey-dev/latchkey/gateway"
	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
	"github.com/latchkey-dev/latchkey/memstore"
)

// Origin is where the app seems to be.
const Origin = "http://app.localhost"

// A Site is the environment of one app.
type Site struct {
	Guard *latchkey.Guard

	t             testing.TB
	login         latchkey.Config
	provider      *idptest.Provider
	applicationID string
}

// New starts a provider and a guard for the test.
func New(t testing.TB) *Site {
	t.Helper()
	provider := idptest.New(t, idptest.WithoutSocket())
	app := provider.AddApplication(idp.Application{Name: "App", GenerateRefreshTokens: true, AllowTokenRefresh: true})
	client, err := fusionauth.New(fusionauth.Config{
		URL: provider.URL, APIKey: latchkey.Secret(provider.APIKey), ApplicationID: app.ID, Transport: provider.Client.Transport,
	})
	if err != nil {
		t.Fatal(err)
	}
	login := latchkey.Config{
		Origin: Origin, Provider: client, Store: memstore.New(), Keys: latchkey.KeyRing{latchkey.NewKey()},
		Logger: slog.New(slog.DiscardHandler),
	}
	guard, err := latchkey.New(login)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { guard.Close(context.Background()) })
	return &Site{Guard: guard, t: t, login: login, provider: provider, applicationID: app.ID}
}

// UserKey is the key with which a gateway of Behind signs Latchkey-User.
const UserKey = "a key that the tests of the apps share with the gateway"

// Behind puts a gateway in front of an app, all of which needs a login except the page.
func (s *Site) Behind(app http.Handler, page fs.FS) http.Handler {
	s.t.Helper()
	upstream := httptest.NewServer(app)
	s.t.Cleanup(upstream.Close)
	g, err := gateway.New(gateway.Config{
		Apps:   []gateway.App{{Login: s.login, Upstream: upstream.URL, Protect: []string{"/api/"}, UserKey: UserKey, NoBearer: true, Page: page}},
		Logger: s.login.Logger,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { g.Close(context.Background()) })
	return g
}

// A Browser sends requests to an app like the app's own page.
type Browser struct {
	app     http.Handler
	cookies map[string]*http.Cookie
}

// Anonymous returns a browser in which nobody is logged in.
func (s *Site) Anonymous(app http.Handler) *Browser {
	return &Browser{app, make(map[string]*http.Cookie)}
}

// LoggedIn adds a user with that email address and returns a browser in which they are logged in.
func (s *Site) LoggedIn(app http.Handler, email string) *Browser {
	s.t.Helper()
	s.provider.AddUser(email, s.applicationID)
	return s.Another(app, email)
}

// Another returns one more browser in which an existing user is logged in.
func (s *Site) Another(app http.Handler, email string) *Browser {
	s.t.Helper()
	b := s.Anonymous(app)
	form, err := json.Marshal(map[string]string{"email": email, "password": idptest.Password})
	if err != nil {
		s.t.Fatal(err)
	}
	if a := b.Do("POST", "/api/login", string(form)); a.Status != http.StatusOK {
		s.t.Fatalf("login: %d %s", a.Status, a.Body)
	}
	return b
}

// At returns a copy of the browser that visits another process of the app.
func (b *Browser) At(app http.Handler) *Browser { return &Browser{app, maps.Clone(b.cookies)} }

// An Answer is a response.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Do sends a request. A non-empty body is sent as JSON; header holds names and values in turn.
func (b *Browser) Do(method, path, body string, header ...string) Answer {
	r := httptest.NewRequest(method, Origin+path, strings.NewReader(body))
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	for _, c := range b.cookies {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	b.app.ServeHTTP(w, r)
	res := w.Result()
	for _, c := range res.Cookies() {
		b.cookies[c.Name] = c
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		}
	}
	content, err := io.ReadAll(res.Body)
	if err != nil {
		panic(err) // a recorded body cannot fail
	}
	return Answer{res.StatusCode, res.Header, bytes.TrimSpace(content)}
}

// JSON reads the answer's body into target.
func (a Answer) JSON(t testing.TB, target any) {
	t.Helper()
	if err := json.Unmarshal(a.Body, target); err != nil {
		t.Fatalf("%v: %s", err, a.Body)
	}
}

// Code is the code of a problem, or "".
func (a Answer) Code() string {
	var p struct{ Code string }
	if a.Header.Get("Content-Type") != "application/problem+json" || json.Unmarshal(a.Body, &p) != nil {
		return ""
	}
	return p.Code
}
