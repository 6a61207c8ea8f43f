// Package backendtest is the backend of an app, for tests: a real guard in front of a FusionAuth,
// served over TLS, and browsers that log in to it.
package backendtest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/fusionauth"
	"github.com/latchkey-dev/latchkey/fusionauth/fusionauthtest"
	"github.com/latchkey-dev/latchkey/memstore"
)

// A Backend has its own clock, which moves together with its provider's.
type Backend struct {
	URL      string
	Guard    *latchkey.Guard
	Provider *fusionauthtest.Server
	Client   *fusionauth.Client
	Log      *Log

	t      testing.TB
	server *httptest.Server
	moved  *atomic.Int64
}

// New starts a backend. change can point the client to another application, or give it the client
// secret.
func New(t testing.TB, provider *fusionauthtest.Server, store latchkey.Store, change ...func(*fusionauth.Config)) *Backend {
	t.Helper()
	b := &Backend{Provider: provider, Log: &Log{}, t: t, moved: &atomic.Int64{}}
	if store == nil {
		store = memstore.New()
	}
	config := fusionauth.Config{
		URL: provider.URL, APIKey: latchkey.Secret(provider.APIKey), ApplicationID: fusionauthtest.ApplicationID, Timeout: 2 * time.Second, Now: b.now,
	}
	for _, f := range change {
		f(&config)
	}
	var err error
	if b.Client, err = fusionauth.New(config); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	b.server = httptest.NewUnstartedServer(mux)
	b.URL = "https://" + b.server.Listener.Addr().String()
	b.Guard, err = latchkey.New(latchkey.Config{
		Origin: b.URL, App: config.ApplicationID, Provider: b.Client, Store: store, Keys: latchkey.KeyRing{latchkey.NewKey()}, Now: b.now,
		Logger: b.Log.Logger(), ProviderTimeout: time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	mux.Handle("/api/", b.Guard.Handler())
	mux.Handle("/api/private", b.Guard.Protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		session, _ := latchkey.From(r.Context())
		io.WriteString(w, session.User.Email+" "+strings.Join(session.User.Roles, " "))
	})))
	b.server.StartTLS()
	t.Cleanup(func() {
		b.server.Close()
		b.Guard.Close(context.WithoutCancel(t.Context()))
	})
	return b
}

func (b *Backend) now() time.Time { return time.Now().Add(time.Duration(b.moved.Load())) }

// Pass lets time pass, here and at the provider.
func (b *Backend) Pass(d time.Duration) {
	b.moved.Add(int64(d))
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

// A Browser keeps cookies.
type Browser struct {
	b      *Backend
	client *http.Client
}

// Browser returns a browser without cookies.
func (b *Backend) Browser() *Browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		b.t.Fatal(err)
	}
	client := *b.server.Client()
	client.Jar = jar
	return &Browser{b, &client}
}

// A Reply is what the page sees of a response. Code and reason are those of a problem.
type Reply struct {
	Status       int
	Code, Reason string
	Body         string
	Minted       bool // has new cookies
}

// Login posts the form with the user's right password.
func (br *Browser) Login() Reply {
	br.b.t.Helper()
	return br.Send(http.MethodPost, "/api/login", `{"email":"`+fusionauthtest.Email+`","password":"`+fusionauthtest.Password+`"}`)
}

// Get requests a path.
func (br *Browser) Get(path string) Reply {
	br.b.t.Helper()
	return br.Send(http.MethodGet, path, "")
}

// Send makes a request as the app's own page does.
func (br *Browser) Send(method, path, body string) Reply {
	br.b.t.Helper()
	r, err := http.NewRequestWithContext(br.b.t.Context(), method, br.b.URL+path, strings.NewReader(body))
	if err != nil {
		br.b.t.Fatal(err)
	}
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Origin", br.b.URL)
	r.Header.Set("Content-Type", "application/json")
	resp, err := br.client.Do(r)
	if err != nil {
		br.b.t.Fatal(err)
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	if err != nil {
		br.b.t.Fatal(err)
	}
	var problem struct{ Code, EndReason string }
	if resp.StatusCode >= 400 {
		json.Unmarshal(content, &problem)
	}
	return Reply{resp.StatusCode, problem.Code, problem.EndReason, string(content), len(resp.Cookies()) > 0}
}

// Want checks a reply.
func (br *Browser) Want(got Reply, status int, code, reason string) {
	br.b.t.Helper()
	if got.Status != status || got.Code != code || got.Reason != reason {
		br.b.t.Errorf("got %d %q %q, want %d %q %q", got.Status, got.Code, got.Reason, status, code, reason)
	}
}

// A Log can be read while it is written.
type Log struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Logger returns a logger that writes to the log.
func (l *Log) Logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// Write adds to the log.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

// String returns everything that was logged.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}
