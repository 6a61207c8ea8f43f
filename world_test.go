package latchkey_test

import (
	"bytes"
	"context"
	"crypto/sha256"
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

// simulateMonths is for tests in which little happens for long. A session may be idle for half a day,
// so that the nodes need not look after it every few minutes.
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
func (w *world) anotherNode(a *app) *app {
	node := &app{w: w, name: a.name, host: a.host, application: a.application}
	node.start(w.config(node, discard))
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

// start puts the app's guard and handlers behind a server. Called again, it is a restart of the app.
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

// flakyStore counts how often it is read.
type flakyStore struct {
	*latchkeytest.Store
	mu    sync.Mutex
	reads int
	undo  func() // what was written since the snapshot
}

func newFlakyStore() *flakyStore { return &flakyStore{Store: latchkeytest.NewStore()} }

// cutoffs are the ids under which stores keep whether all sessions of an app have ended. All versions that share a store must agree on them.
var cutoffs = map[latchkey.ID]bool{cutoffOf("store"): true, cutoffOf("forums"): true, cutoffOf("store.example.com"): true}

func cutoffOf(app string) latchkey.ID {
	sum := sha256.Sum256([]byte("latchkey: all sessions end\x00" + app))
	return latchkey.ID(sum[:16])
}

func (s *flakyStore) cut(down bool) {
	if down {
		s.Fail(latchkeytest.ErrStoreDown)
	} else {
		s.Fail(nil)
	}
}

func (s *flakyStore) readCount() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reads
}

func (s *flakyStore) lose() { s.Lose() }

func (s *flakyStore) snapshot() { s.undo = s.Snapshot() }

func (s *flakyStore) rollback() { s.undo() }

func (s *flakyStore) Get(ctx context.Context, id latchkey.ID) (*latchkey.Record, error) {
	if !cutoffs[id] { // which is read once in a while, not for each request
		s.mu.Lock()
		s.reads++
		s.mu.Unlock()
	}
	return s.Store.Get(ctx, id)
}

func newRecorder() *httptest.ResponseRecorder { return httptest.NewRecorder() }
