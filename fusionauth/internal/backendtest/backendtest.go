// Package backendtest is the backend of an app, for tests: a real guard in front of a FusionAuth,
// and browsers that log in to it.
package backendtest

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/fusionauth"
	"github.com/latchkey-dev/latchkey/fusionauth/fusionauthtest"
	"github.com/latchkey-dev/latchkey/latchkeytest"
)

// A Backend has its own clock, which moves together with its provider's.
type Backend struct {
	Guard    *latchkey.Guard
	Provider *fusionauthtest.Server
	Client   *fusionauth.Client
	Log      *latchkeytest.Log

	t     testing.TB
	world *latchkeytest.World
	app   *latchkeytest.App
}

// New starts a backend; a nil store is one in memory. change can point the client to another
// application, or give it the client secret.
func New(t testing.TB, provider *fusionauthtest.Server, store latchkey.Store, change ...func(*fusionauth.Config)) *Backend {
	t.Helper()
	b := &Backend{Provider: provider, Log: &latchkeytest.Log{}, t: t}
	b.world = latchkeytest.New(t, latchkeytest.WithLogger(b.Log.Logger()))
	client := fusionauth.Config{
		URL: provider.URL, APIKey: latchkey.Secret(provider.APIKey), ApplicationID: fusionauthtest.ApplicationID,
		Timeout: 2 * time.Second, Now: b.world.Clock.Now,
	}
	for _, f := range change {
		f(&client)
	}
	var err error
	if b.Client, err = fusionauth.New(client); err != nil {
		t.Fatal(err)
	}
	config := b.world.Config("shop", b.Client)
	config.App, config.ProviderTimeout = client.ApplicationID, time.Second
	if store != nil {
		config.Store = store
	}
	b.app = b.world.Start(config, routes)
	b.Guard = b.app.Guard
	return b
}

func routes(a *latchkeytest.App) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/api/", a.Guard.Handler())
	mux.Handle("/api/private", a.Guard.Protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		session, _ := latchkey.From(r.Context())
		io.WriteString(w, session.User.Email+" "+strings.Join(session.User.Roles, " "))
	})))
	return mux
}

// Pass lets time pass, here and at the provider.
func (b *Backend) Pass(d time.Duration) {
	b.world.Clock.Advance(d)
	b.Provider.MoveClock(d)
}

// Until waits for something that happens in the background.
func (b *Backend) Until(what string, done func() bool) {
	b.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			b.t.Fatalf("has not happened: %s", what)
		}
	}
}

// A Browser is one of the backend's pages.
type Browser struct {
	*latchkeytest.Browser
	b *Backend
}

// Browser returns a browser without cookies.
func (b *Backend) Browser() *Browser { return &Browser{b.world.NewBrowser(), b} }

// Login posts the form with the user's right password.
func (br *Browser) Login() *latchkeytest.Response {
	br.b.t.Helper()
	return br.Send(http.MethodPost, "/api/login", `{"email":"`+fusionauthtest.Email+`","password":"`+fusionauthtest.Password+`"}`)
}

// Get requests a path.
func (br *Browser) Get(path string) *latchkeytest.Response {
	br.b.t.Helper()
	return br.Send(http.MethodGet, path, "")
}

// Send makes a request as the app's own page does.
func (br *Browser) Send(method, path, body string) *latchkeytest.Response {
	br.b.t.Helper()
	return br.Browser.Send(br.b.app, method, path, body)
}

// Want checks a response.
func (br *Browser) Want(got *latchkeytest.Response, status int, code, reason string) {
	br.b.t.Helper()
	if got.Status != status || got.Code != code || got.EndReason != reason {
		br.b.t.Errorf("got %d %q %q, want %d %q %q", got.Status, got.Code, got.EndReason, status, code, reason)
	}
}
