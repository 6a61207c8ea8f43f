package latchkey

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/latchkey-dev/latchkey/internal/wire"
)

// A Guard stands between the browsers of one app and its handlers. Its methods may be called by many goroutines.
type Guard struct {
	app      string
	origin   string
	provider Provider
	store    Store
	limits   limits
	cookies  cookies
	access   *sealer // seals the JWT in the record
	refresh  *sealer // seals the refresh token in the record
	config   Config  // resolved
	log      *slog.Logger
	now      func() time.Time

	*memory
	cutoff  cutoff
	cache   *cache
	flights flights
	outages outages

	verifiedOnly     atomic.Bool // see RequireVerifiedEmail
	unverifiedHidden atomic.Bool // see HideUnverified

	others chan ID // a session that another node has written

	kick         chan struct{} // there is something to store or to revoke
	lossy        atomic.Bool   // the store was away, and may have lost something
	pendingAfter ID            // where revokePending goes on; for the background work alone
	stop         context.CancelFunc
	done         chan struct{} // closed when the background work has stopped

	watched chan struct{} // closed when nobody listens to the store any more
	once    sync.Once
}

// New makes a guard and starts its background work; Close ends that. Every mistake in the Config is reported, each as a *ConfigError.
func New(c Config) (*Guard, error) {
	if err := c.resolve(); err != nil {
		return nil, err
	}
	origin, err := url.Parse(c.Origin)
	if err != nil {
		return nil, err
	}
	host := origin.Hostname() // without the port: cookies know none
	memory, err := remember(&c)
	if err != nil {
		return nil, err
	}
	c.Replaces = nil // its memory is all that is needed of it
	sealer := func(purpose string) *sealer {
		return &sealer{ring: c.Keys, purpose: purpose, scope: []string{c.App}}
	}
	g := &Guard{
		app: c.App, origin: c.Origin, provider: c.Provider, store: c.Store, limits: c.limits(), config: c, log: c.Logger, now: c.Now,
		cookies: cookies{
			session: newSessionMAC(c.Keys, c.App, host), refresh: newRefreshSealer(c.Keys, c.App, host),
			device: newDeviceSealer(c.Keys, c.App, host), sameSite: http.SameSiteStrictMode,
		},
		access:  sealer("access token in the record"),
		refresh: sealer("refresh token in the record"),
		memory:  memory,
		kick:    make(chan struct{}, 1),
		others:  make(chan ID, 1),
		done:    make(chan struct{}),
	}
	if c.SameSiteLax {
		g.cookies.sameSite = http.SameSiteLaxMode
	}
	g.store = &checkedStore{c.Store, g}
	g.flights.contain = func(run func() error) error { return g.contain(context.Background(), "refresh", run) }
	g.cutoff.init(g.app)
	ctx, stop := context.WithCancel(context.Background())
	g.stop = stop
	g.guards.Add(1)
	g.watch(ctx)
	go g.background(ctx)
	return g, nil
}

// watch has the store tell of its changes, where it can.
func (g *Guard) watch(ctx context.Context) {
	g.watched = make(chan struct{})
	w, can := g.config.Store.(Watcher)
	if !can || g.config.CacheSize < 0 {
		close(g.watched)
		return
	}
	g.cache = newCache(g.app, g.config.CacheSize)
	g.store = &writeThrough{Store: g.store, cache: g.cache}
	go g.keepFresh(ctx, w)
}

// Handler serves GET /api/user, POST /api/login, POST /api/logout, GET and DELETE /api/sessions, and DELETE /api/sessions/{id}.
// An app that wants other paths mounts ServeUser, ServeLogin, ServeLogout and ServeSessions itself.
func (g *Guard) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/api/user", g.ServeUser)
	mux.HandleFunc("/api/login", g.ServeLogin)
	mux.HandleFunc("/api/logout", g.ServeLogout)
	mux.HandleFunc("/api/sessions", g.ServeSessions)
	mux.HandleFunc("/api/sessions/{id}", g.ServeSessions)
	mux.Handle("/", wire.Of(wire.CodeNotFound))
	return mux
}

// Protect lets only requests with a login through to next, which finds the session with From. An expired session is refreshed first.
// Where Config.RefreshAhead is set and the JWT has expired, it waits for another JWT, no longer than ProviderTimeout.
// All other requests are answered with 401 login_required, or 503 where it cannot be known whether there is a login.
// State-changing requests from another origin are answered with 403. The answer is marked no-store unless next says otherwise.
func (g *Guard) Protect(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !g.allowOrigin(w, r) {
			return
		}
		found := g.withToken(r, g.authenticate(r))
		if found.record == nil {
			g.refuse(w, r, found, wire.CodeLoginRequired)
			return
		}
		g.serve(w, r, found, next)
	})
}

// Identify lets every request through to next, which learns with From who it is, if anyone.
// Where that cannot be known just now, it is nobody. State-changing requests from another origin are answered with 403.
func (g *Guard) Identify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !g.allowOrigin(w, r) {
			return
		}
		found := g.withToken(r, g.authenticate(r))
		switch {
		case found.echo != "":
			g.challenge(w, r, found.echo)
			return
		case found.record == nil:
			next.ServeHTTP(w, r)
			return
		}
		g.serve(w, r, found, next)
	})
}

// serve does all that belongs to the session before next writes its first byte. The ResponseWriter is wrapped only where it
// carries new cookies: those must not be stored on the way, whatever next says about its answer.
func (g *Guard) serve(w http.ResponseWriter, r *http.Request, found finding, next http.Handler) {
	w.Header()["Cache-Control"] = noStore
	if found.cookies != nil {
		g.cookies.set(w, found.cookies)
		w = uncached(w)
	}
	ctx := &sessionContext{Context: r.Context(), session: newSession(found.record, g.access, found.token)}
	next.ServeHTTP(w, r.WithContext(ctx))
}

// ServeUser answers GET with the user who is logged in: 200 {"user": {…}}, or 404 not_logged_in.
func (g *Guard) ServeUser(w http.ResponseWriter, r *http.Request) {
	if !allow(w, r, http.MethodGet, http.MethodHead) {
		return
	}
	found := g.authenticate(r)
	if found.record == nil {
		g.refuse(w, r, found, wire.CodeNotLoggedIn)
		return
	}
	if found.cookies != nil {
		g.cookies.set(w, found.cookies)
	}
	writeUser(w, found.record.User)
}

func writeUser(w http.ResponseWriter, user User) {
	w.Header().Set("Cache-Control", "no-store")
	wire.Write(w, http.StatusOK, struct {
		User User `json:"user"`
	}{user})
}

// errContention means that a session was changed by others at every attempt to change it.
var errContention = errors.New("the session changes too fast")
