package latchkey_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/fusionauth"
	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
	"github.com/latchkey-dev/latchkey/memstore"
)

// A world is the whole workflow in simulated time: two apps behind guards, the real embedded provider, a store, and browsers, over HTTP.
type world struct {
	*testing.T
	provider *idptest.Provider
	faults   *faults // in front of the provider
	store    *flakyStore
	keys     latchkey.KeyRing
	user     idp.User
	shop     *app          // refreshes through /api/jwt/refresh
	forums   *app          // refreshes through /oauth2/token
	idle     time.Duration // of sessions, and their cap; 0: the default
	log      *lockedBuffer
	secrets  *lockedBuffer // everything that must never be in the log
}

// simulate runs a test in a bubble with a clock of its own. No log line of it may have a secret.
func simulate(t *testing.T, run func(*testing.T, *world)) {
	simulateIdle(t, 0, run)
}

// simulateMonths is for tests in which little happens for long. A session may be idle for half a day, so that the nodes need not look after it every few minutes.
func simulateMonths(t *testing.T, run func(*testing.T, *world)) {
	simulateIdle(t, 12*time.Hour, run)
}

func simulateIdle(t *testing.T, idle time.Duration, run func(*testing.T, *world)) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{T: t, idle: idle, faults: &faults{}, store: newFlakyStore(), keys: latchkey.KeyRing{latchkey.NewKey()}, log: &lockedBuffer{}, secrets: &lockedBuffer{}}
		logger := slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		w.provider = idptest.New(t, idptest.WithoutSocket(), idptest.WithFaults(w.faults.wrap),
			idptest.WithConfig(func(c *idp.Config) { c.Logger = logger }))
		w.shop = w.newApp("store", idp.Application{}, logger)
		w.forums = w.newApp("forums", idp.Application{ClientSecret: "a secret of the forums' backend"}, logger)
		w.user = w.provider.AddUser("ada@example.com", w.shop.application.ID, w.forums.application.ID)
		w.secrets.WriteString(idptest.Password + "\n" + w.provider.APIKey + "\na secret of the forums' backend\n" + w.keys[0].Reveal() + "\n")
		t.Cleanup(w.checkLog)
		run(t, w)
	})
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
	w           *world
	name        string
	host        string
	application idp.Application
	guard       *latchkey.Guard
	client      *http.Client
	grant       latchkey.Grant   // what /api/by-key begins a session with
	callback    http.HandlerFunc // what /api/by-key does; nil: only that
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
	provider, err := fusionauth.New(fusionauth.Config{
		URL: w.provider.URL, APIKey: latchkey.Secret(w.provider.APIKey), ApplicationID: a.application.ID,
		ClientSecret: latchkey.Secret(a.application.ClientSecret), PasswordCheckedFirst: true,
		Transport: w.spy(w.provider.Client.Transport),
	})
	if err != nil {
		w.Fatal(err)
	}
	return latchkey.Config{
		Origin: "https://" + a.host, App: a.name, Provider: provider, Store: w.store, Keys: w.keys, Logger: logger,
		ClientIP:    func(*http.Request) string { return "203.0.113.7" },
		IdleTimeout: w.idle, SessionCap: w.idle,
	}
}

// start puts the app's guard and handlers behind a server. Called again, it is a restart of the app.
func (a *app) start(c latchkey.Config) {
	guard, err := latchkey.New(c)
	if err != nil {
		a.w.Fatal(err)
	}
	a.guard = guard
	mux := http.NewServeMux()
	mux.Handle("/api/", guard.Handler())
	mux.Handle("/api/private", guard.Protect(http.HandlerFunc(a.whoami)))
	mux.Handle("/api/public", guard.Identify(http.HandlerFunc(a.whoami)))
	mux.Handle("/api/by-key", guard.LoginRoute(http.HandlerFunc(a.loginByKey)))
	network := newNetwork()
	server := &http.Server{Handler: mux, ErrorLog: slog.NewLogLogger(c.Logger.Handler(), slog.LevelError)}
	served := make(chan struct{})
	go func() { defer close(served); server.Serve(network) }()
	transport := &http.Transport{DialContext: network.dial}
	a.client = &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	a.w.Cleanup(func() {
		transport.CloseIdleConnections()
		server.Close()
		<-served
		time.Sleep(time.Second) // simulated: net/http lingers half a second over connections that it closed early
		guard.Close(context.Background())
	})
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
	if _, _, err := session.Token(); err != nil {
		a.w.Errorf("the provider's token: %v", err)
	}
	io.WriteString(w, session.User.Email)
}

// A browser has one cookie jar for each host, and no idea of the rest.
type browser struct {
	mu   sync.Mutex
	jars map[string]map[string]string

	stubborn bool // does not follow redirections
}

func newBrowser() *browser { return &browser{jars: make(map[string]map[string]string)} }

func (b *browser) jar(a *app) map[string]string {
	if b.jars[a.host] == nil {
		b.jars[a.host] = make(map[string]string)
	}
	return b.jars[a.host]
}

// copy is what a thief of the jar has.
func (b *browser) copy(a *app, names ...string) *browser {
	b.mu.Lock()
	defer b.mu.Unlock()
	thief := newBrowser()
	for name, value := range b.jar(a) {
		if len(names) == 0 || slices.Contains(names, name) {
			thief.jar(a)[name] = value
		}
	}
	return thief
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
	r, err := http.NewRequest(method, "https://"+a.host+path, strings.NewReader(body))
	if err != nil {
		a.w.Fatal(err)
	}
	r.URL.Scheme = "http" // the network of the bubble has no TLS
	r.Header.Set("User-Agent", "Test/1.0")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if method != http.MethodGet {
		r.Header.Set("Origin", "https://"+a.host)
		r.Header.Set("Content-Type", "application/json")
	}
	b.mu.Lock()
	for name, value := range b.jar(a) {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
		a.w.secrets.WriteString(value + "\n")
	}
	b.mu.Unlock()
	for _, c := range change {
		c(r)
	}
	resp, err := a.client.Do(r)
	if err != nil {
		a.w.Fatal(err)
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	if err != nil {
		a.w.Fatal(err)
	}
	got := reply{status: resp.StatusCode, header: resp.Header, body: string(content)}
	b.store(a, resp, &got)
	if got.status == http.StatusTemporaryRedirect && !b.stubborn {
		return b.send(a, method, path, body, change...)
	}
	if resp.Header.Get("Content-Type") == "application/problem+json" {
		var p struct {
			Code      string
			EndReason string
			Status    int
		}
		if err := json.Unmarshal(content, &p); err != nil || p.Status != resp.StatusCode {
			a.w.Errorf("problem %s with status %d: %v", content, resp.StatusCode, err)
		}
		got.code, got.reason = p.Code, p.EndReason
	}
	return got
}

func (b *browser) store(a *app, resp *http.Response, got *reply) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range resp.Cookies() {
		if c.MaxAge < 0 {
			delete(b.jar(a), c.Name)
			continue
		}
		b.jar(a)[c.Name] = c.Value
		got.minted = got.minted || c.Name != echoCookie
	}
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
type faults struct {
	mu      sync.Mutex
	handler func(w http.ResponseWriter, r *http.Request, next http.Handler)
}

func (f *faults) set(h func(http.ResponseWriter, *http.Request, http.Handler)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.handler = h
}

func (f *faults) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		h := f.handler
		f.mu.Unlock()
		if h == nil {
			next.ServeHTTP(w, r)
			return
		}
		h(w, r, next)
	})
}

func answer(status int, contentType, body string) func(http.ResponseWriter, *http.Request, http.Handler) {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		if contentType != "" {
			w.Header().Set("Content-Type", contentType)
		}
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

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
					w.secrets.WriteString(secret + "\n")
				}
			}
		}
		return resp, err
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// flakyStore is a store that can be cut off, emptied, and lose its newest writes.
type flakyStore struct {
	mu    sync.Mutex
	inner latchkey.Store
	down  bool
	ids   map[latchkey.ID]bool
	saved []*latchkey.Record
	reads int
}

func newFlakyStore() *flakyStore {
	return &flakyStore{inner: memstore.New(), ids: make(map[latchkey.ID]bool)}
}

// cutoffs are the ids under which stores keep whether all sessions of an app have ended. All versions that share a store must agree on them.
var cutoffs = map[latchkey.ID]bool{cutoffOf("store"): true, cutoffOf("forums"): true, cutoffOf("store.example.com"): true}

func cutoffOf(app string) latchkey.ID {
	sum := sha256.Sum256([]byte("latchkey: all sessions end\x00" + app))
	return latchkey.ID(sum[:16])
}

var errStoreDown = errors.New("the store cannot be reached")

func (s *flakyStore) cut(down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = down
}

func (s *flakyStore) readCount() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reads
}

// lose forgets everything.
func (s *flakyStore) lose() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inner = memstore.New()
}

// snapshot and rollback lose the writes between them, as a replica that takes over may.
func (s *flakyStore) snapshot() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.saved = nil
	for id := range s.ids {
		if rec, err := s.inner.Get(context.Background(), id); err == nil {
			s.saved = append(s.saved, rec)
		}
	}
}

func (s *flakyStore) rollback() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inner = memstore.New()
	for _, rec := range s.saved {
		s.inner.Create(context.Background(), rec)
	}
}

func (s *flakyStore) use() (latchkey.Store, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down {
		return nil, errStoreDown
	}
	return s.inner, nil
}

func (s *flakyStore) Create(ctx context.Context, rec *latchkey.Record) error {
	inner, err := s.use()
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.ids[rec.ID] = true
	s.mu.Unlock()
	return inner.Create(ctx, rec)
}

func (s *flakyStore) Get(ctx context.Context, id latchkey.ID) (*latchkey.Record, error) {
	inner, err := s.use()
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	if !cutoffs[id] { // which is read once in a while, not for each request
		s.reads++
	}
	s.mu.Unlock()
	return inner.Get(ctx, id)
}

func (s *flakyStore) Swap(ctx context.Context, next *latchkey.Record) error {
	inner, err := s.use()
	if err != nil {
		return err
	}
	return inner.Swap(ctx, next)
}

func (s *flakyStore) Touch(ctx context.Context, seen []latchkey.Seen) error {
	inner, err := s.use()
	if err != nil {
		return err
	}
	return inner.Touch(ctx, seen)
}

func (s *flakyStore) ByUser(ctx context.Context, app, userID string, limit int) ([]*latchkey.Record, error) {
	inner, err := s.use()
	if err != nil {
		return nil, err
	}
	return inner.ByUser(ctx, app, userID, limit)
}

func (s *flakyStore) Sweep(ctx context.Context, now time.Time) (int, error) {
	inner, err := s.use()
	if err != nil {
		return 0, err
	}
	return inner.(latchkey.Sweeper).Sweep(ctx, now)
}

func (s *flakyStore) Unrevoked(ctx context.Context, app string, after latchkey.ID, limit int) ([]*latchkey.Record, error) {
	inner, err := s.use()
	if err != nil {
		return nil, err
	}
	return inner.Unrevoked(ctx, app, after, limit)
}

// network is a listener whose connections are pipes: sockets do not work in a bubble.
type network struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newNetwork() *network {
	return &network{conns: make(chan net.Conn), closed: make(chan struct{})}
}

func (n *network) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case n.conns <- server:
		return client, nil
	case <-n.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (n *network) Accept() (net.Conn, error) {
	select {
	case c := <-n.conns:
		return c, nil
	case <-n.closed:
		return nil, net.ErrClosed
	}
}

func (n *network) Close() error { n.once.Do(func() { close(n.closed) }); return nil }

func (n *network) Addr() net.Addr { return &net.TCPAddr{} }

type lockedBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) WriteString(s string) { l.Write([]byte(s)) }

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newRecorder() *httptest.ResponseRecorder { return httptest.NewRecorder() }
