package latchkey_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/fusionauth"
	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
	"github.com/latchkey-dev/latchkey/latchkeytest"
)

// A world is the whole workflow in simulated time: two apps behind guards, the real embedded
// provider, a store, and browsers, over HTTP.
type world struct {
	*testing.T
	*latchkeytest.World
	provider *idptest.Provider
	faults   faults // in front of the provider
	store    *flakyStore
	keys     latchkey.KeyRing
	user     idp.User
	shop     *app          // refreshes through /api/jwt/refresh
	forums   *app          // refreshes through /oauth2/token
	idle     time.Duration // of sessions, and their cap; 0: the default
	log      *latchkeytest.Log
	secrets  *latchkeytest.Log // everything that must never be in the log
}

// simulate runs a test in a bubble with a clock of its own. No log line of it may have a secret.
func simulate(t *testing.T, run func(*testing.T, *world)) {
	simulateIdle(t, 0, run)
}

// simulateMonths is for tests in which little happens for long. A session may be idle for half a
// day, so that the nodes need not look after it every few minutes.
func simulateMonths(t *testing.T, run func(*testing.T, *world)) {
	simulateIdle(t, 12*time.Hour, run)
}

func simulateIdle(t *testing.T, idle time.Duration, run func(*testing.T, *world)) {
	synctest.Test(t, func(t *testing.T) {
		log := &latchkeytest.Log{}
		logger := log.Logger()
		w := &world{T: t, World: latchkeytest.New(t, latchkeytest.WithLogger(logger)), idle: idle, log: log, secrets: &latchkeytest.Log{}}
		w.provider, w.faults, w.store, w.keys = w.Provider(), faults{w.World}, newFlakyStore(), w.Keys
		w.shop = w.newApp("store", idp.Application{}, logger)
		w.forums = w.newApp("forums", idp.Application{ClientSecret: "a secret of the forums' backend"}, logger)
		w.user = w.provider.AddUser("ada@example.com", w.shop.application.ID, w.forums.application.ID)
		w.keep(idptest.Password, w.provider.APIKey, "a secret of the forums' backend", w.keys[0].Reveal())
		t.Cleanup(w.checkLog)
		run(t, w)
	})
}

// keep notes secrets.
func (w *world) keep(secrets ...string) {
	io.WriteString(w.secrets, strings.Join(secrets, "\n")+"\n")
}

// checkLog is AUD-02.
func (w *world) checkLog() {
	for secret := range strings.Lines(w.secrets.String()) {
		if secret = strings.TrimSpace(secret); secret != "" && strings.Contains(w.log.String(), secret) {
			w.Errorf("a secret is in the log: %s", secret)
		}
	}
}

// An app is one of the two, with its guard behind an HTTP server.
type app struct {
	*latchkeytest.App
	w           *world
	name        string
	host        string
	application idp.Application
	guard       *latchkey.Guard
	grant       latchkey.Grant   // what /api/by-key begins a session with
	callback    http.HandlerFunc // what /api/by-key does; nil: only that
	required    http.Handler     // what is at /api/required
	served      int              // requests that reached the app's own handlers
	mu          sync.Mutex
}

func (w *world) newApp(name string, application idp.Application, logger *slog.Logger) *app {
	a := &app{w: w, name: name, host: name + ".example.com", application: w.provider.AddApplication(application)}
	a.start(w.config(a, logger))
	return a
}

// anotherNode starts one more guard of an app on the same store.
func (w *world) anotherNode(a *app, change ...func(*latchkey.Config)) *app {
	node := &app{w: w, name: a.name, host: a.host, application: a.application}
	config := w.config(node, discard)
	for _, c := range change {
		c(&config)
	}
	node.start(config)
	return node
}

func (w *world) config(a *app, logger *slog.Logger) latchkey.Config {
	w.Helper()
	client := w.Client(a.application, func(c *fusionauth.Config) { c.Transport = w.spy(c.Transport) })
	c := w.Config(a.name, client)
	c.Store, c.Keys, c.Logger = w.store, w.keys, logger
	c.ClientIP = func(*http.Request) string { return "203.0.113.7" }
	c.IdleTimeout, c.SessionCap = w.idle, w.idle
	return c
}

// start puts the app's guard and handlers behind a server. Called again, it is a restart of the
// app.
func (a *app) start(c latchkey.Config) {
	a.w.Helper()
	a.App = a.w.Start(c, func(node *latchkeytest.App) http.Handler {
		mux := http.NewServeMux()
		mux.Handle("/api/", node.Guard.Handler())
		mux.Handle("/api/private", node.Guard.Protect(http.HandlerFunc(a.whoami)))
		mux.Handle("/api/public", node.Guard.Identify(http.HandlerFunc(a.whoami)))
		mux.HandleFunc("/api/required", func(w http.ResponseWriter, r *http.Request) { a.required.ServeHTTP(w, r) })
		mux.Handle("/api/by-key", node.Guard.LoginRoute(http.HandlerFunc(a.loginByKey)))
		return mux
	})
	a.guard = a.Guard
}

// loginByKey begins a session without a form, with the app's grant or as its callback says.
func (a *app) loginByKey(w http.ResponseWriter, r *http.Request) {
	if a.callback != nil {
		a.callback(w, r)
		return
	}
	if _, err := a.guard.Begin(w, r, a.grant, true); err != nil {
		latchkey.WriteError(w, err)
	}
}

// whoami is the app's own handler: it answers with the user's address, or with "nobody".
func (a *app) whoami(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	a.served++
	a.mu.Unlock()
	session, ok := latchkey.From(r.Context())
	if !ok {
		io.WriteString(w, "nobody")
		return
	}
	if _, _, err := session.Token(r.Context()); err != nil {
		a.w.Errorf("the provider's token: %v", err)
	}
	io.WriteString(w, session.User.Email)
}

// faults breaks the provider when a test asks for it.
type faults struct{ world *latchkeytest.World }

func (f faults) set(fault latchkeytest.Fault) { f.world.FailProvider(fault) }

var answer = latchkeytest.Answer

// spy notes the tokens that the provider issues, so that the log can be searched for them.
func (w *world) spy(next http.RoundTripper) http.RoundTripper {
	return roundTrip(func(r *http.Request) (*http.Response, error) {
		resp, err := next.RoundTrip(r)
		if err != nil {
			return nil, err
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body = io.NopCloser(bytes.NewReader(body))
		var fields map[string]any
		if json.Unmarshal(body, &fields) == nil {
			for _, name := range []string{"token", "refreshToken", "access_token", "refresh_token"} {
				if secret, ok := fields[name].(string); ok {
					w.keep(secret)
				}
			}
		}
		return resp, err
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func newRecorder() *httptest.ResponseRecorder { return httptest.NewRecorder() }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// refreshTokens asks the provider how many refresh tokens the user has.
func (w *world) refreshTokens() int {
	w.Helper()
	r, err := http.NewRequest("GET", w.provider.URL+"/api/jwt/refresh?userId="+w.user.ID, nil)
	must(w, err)
	r.Header.Set("Authorization", w.provider.APIKey)
	rec := newRecorder()
	w.provider.Server.ServeHTTP(rec, r) // past the faults
	if rec.Code != 200 {
		w.Fatalf("list refresh tokens: %d %s", rec.Code, rec.Body)
	}
	return strings.Count(rec.Body.String(), `"startInstant"`)
}
