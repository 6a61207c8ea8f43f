package latchkey

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"sync/atomic"

	"github.com/latchkey-dev/latchkey/internal/outage"
	"github.com/latchkey-dev/latchkey/internal/throttle"
	"github.com/latchkey-dev/latchkey/internal/wire"
)

// A Guard stands between the browsers of one app and its handlers. Its methods may be called by many goroutines.
type Guard struct {
	*reporter
	*memory
	config   Config // resolved
	limits   limits
	origin   string
	upstream *upstream
	ledger   *ledger
	cookies  cookies
	access   *sealer // seals the JWT in the record
	refresh  *sealer // seals the refresh token in the record
	browsers *knownBrowsers
	attempts *loginAttempts
	flights  flights

	verifiedOnly     atomic.Bool // see RequireVerifiedEmail
	unverifiedHidden atomic.Bool // see HideUnverified
}

// memory is what a guard has learned and must not forget when another takes its place
// (Config.Replaces). Both use it until the old one is closed.
type memory struct {
	known     *known // of the ledger
	stale     logLimiter[ID]
	alarms    logLimiter[string]
	refusals  outage.Refusals
	throttle  *throttle.Logins
	passwords passwordChanges
}

// newMemory returns the memory of the guard that is replaced, or a new one.
func newMemory(c *Config) (*memory, error) {
	if c.Replaces != nil {
		return c.Replaces.memory, nil
	}
	known, err := newKnown(c.App, c.EndsFile)
	if err != nil {
		return nil, &ConfigError{"EndsFile", err.Error()}
	}
	return &memory{known: known, throttle: throttle.NewLogins()}, nil
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
	memory, err := newMemory(&c)
	if err != nil {
		return nil, err
	}
	c.Replaces = nil // its memory is all that is needed of it
	sealer := func(purpose string) *sealer {
		return &sealer{ring: c.Keys, purpose: purpose, scope: []string{c.App}}
	}
	g := &Guard{
		reporter: &reporter{app: c.App, log: c.Logger, now: c.Now, onEvent: c.OnEvent, limiter: &memory.alarms},
		memory:   memory, config: c, limits: c.limits(), origin: c.Origin,
		cookies: cookies{
			session: newSessionMAC(c.Keys, c.App, host), refresh: newRefreshSealer(c.Keys, c.App, host),
			device: newDeviceSealer(c.Keys, c.App, host), sameSite: http.SameSiteStrictMode,
		},
		access:  sealer("access token in the record"),
		refresh: sealer("refresh token in the record"),
	}
	if c.SameSiteLax {
		g.cookies.sameSite = http.SameSiteLaxMode
	}
	g.flights.contain = func(run func() error) error { return g.contain(context.Background(), "refresh", run) }
	g.upstream = &upstream{reporter: g.reporter, provider: c.Provider, timeout: c.ProviderTimeout, refusals: &memory.refusals}
	g.browsers = &knownBrowsers{app: c.App, now: c.Now, cookies: &g.cookies, passwords: &memory.passwords}
	g.attempts = &loginAttempts{Logins: memory.throttle, browsers: g.browsers, provider: c.Provider}
	g.ledger = newLedger(ledgerConfig{
		store: c.Store, keys: c.Keys, cacheSize: c.CacheSize,
		idle: c.IdleTimeout, sessionCap: c.SessionCap, absolute: c.AbsoluteTimeout, revoke: g.upstream.revoke,
	}, g.reporter, memory.known)
	g.ledger.Start()
	return g, nil
}

// Close ends the background work, waits for refreshes that have outlived their requests, and stores
// what is not stored yet: when sessions were last used, and which have ended. Ends that cannot be
// stored go to Config.EndsFile. An error says what is lost: without that file, the ends are.
// Requests must have ended before. The store and the provider stay open.
func (g *Guard) Close(ctx context.Context) error {
	g.ledger.stop()
	err := g.rest(ctx)
	if err == nil {
		err = g.ledger.Flush(ctx)
	}
	return errors.Join(err, g.ledger.Leave(context.WithoutCancel(ctx)))
}

// rest returns when the background work and all refreshes have ended.
func (g *Guard) rest(ctx context.Context) error {
	ended := make(chan struct{})
	go func() {
		g.ledger.running.Wait()
		g.flights.running.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
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

// Protect lets only requests with a login through to next, which finds the session with From. It
// refreshes an expired session first. The other requests are refused with 401 login_required, or with
// 503 if the provider or the store cannot be asked. State-changing requests from another origin get
// 403. A response is marked no-store unless next says otherwise.
//
// Protect answers some requests itself with 307, to the very same place and with a cookie: those with
// the cookies of an earlier generation, when the guard must know which cookies the browser has by now
// (docs/rotation.md). Browsers follow by themselves, with the same method and body. Clients that are
// no browsers must keep cookies and follow redirects; a body that cannot be sent twice and a WebSocket
// handshake fail once.
func (g *Guard) Protect(next http.Handler) http.Handler {
	return g.Require(Requirements{})(next)
}

// Require is Protect for routes that ask for more than a login. The checks come in this order, and
// the first that fails is the answer:
//
//  1. a request from another origin: 403 cross_origin
//  2. the provider or the store cannot be asked: 503 provider_unavailable
//  3. no login: 401 login_required
//  4. none of the roles: 403 role_required
//  5. the login is too old: 401 reauthentication_required. The page shows its form, logs in again, and
//     repeats the request.
//
// Roles are as of the last refresh, at most Config.SessionCap ago.
func (g *Guard) Require(need Requirements) func(next http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !g.allowOrigin(w, r) {
				return
			}
			found := g.withToken(r, g.authenticate(r))
			switch {
			case found.echo != "":
				g.cookies.challenge(w, r, found.echo)
				return
			case found.record == nil:
				g.refuse(w, r, found, found.problem(wire.CodeLoginRequired))
				return
			}
			if unmet := need.unmet(found.record, g.now()); unmet != nil {
				g.refuse(w, r, found, unmet)
				return
			}
			g.serve(w, r, found, next)
		})
	}
}

// Identify lets requests through to next with a login or without, and next learns with From who asks,
// if anyone. If the provider or the store cannot be asked, that is nobody. State-changing requests
// from another origin get 403. Some requests it answers itself, with 307: see Protect.
func (g *Guard) Identify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !g.allowOrigin(w, r) {
			return
		}
		found := g.withToken(r, g.authenticate(r))
		switch {
		case found.echo != "":
			g.cookies.challenge(w, r, found.echo)
		case found.record == nil:
			next.ServeHTTP(w, r)
		default:
			g.serve(w, r, found, next)
		}
	})
}

// serve does all that belongs to the session before next writes its first byte. It wraps the
// ResponseWriter only if there are new cookies: those must not be stored on the way, whatever next
// says about its response.
func (g *Guard) serve(w http.ResponseWriter, r *http.Request, found finding, next http.Handler) {
	wire.NoStore(w)
	if found.cookies != nil {
		g.cookies.set(w, found.cookies)
		w = wire.Uncached(w)
	}
	ctx := &sessionContext{Context: r.Context(), session: newSession(found.record, g.access, found.token)}
	next.ServeHTTP(w, r.WithContext(ctx))
}

// refuse answers a request that Require does not let through.
func (g *Guard) refuse(w http.ResponseWriter, r *http.Request, found finding, problem *Problem) {
	refusal := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if g.config.RefuseNavigation != nil && navigates(r.Header) {
			g.config.RefuseNavigation(w, r, problem)
			return
		}
		WriteError(w, problem)
	})
	if found.record != nil { // its new cookies must arrive all the same
		g.serve(w, r, found, refusal)
		return
	}
	wire.NoStore(w)
	refusal.ServeHTTP(w, r)
}

// ServeUser answers GET with the user who is logged in: 200 {"user": {…}}, or 404 not_logged_in.
func (g *Guard) ServeUser(w http.ResponseWriter, r *http.Request) {
	if !allow(w, r, http.MethodGet, http.MethodHead) {
		return
	}
	found := g.authenticate(r)
	if found.record == nil {
		g.cookies.answerNobody(w, r, found, wire.CodeNotLoggedIn)
		return
	}
	if found.cookies != nil {
		g.cookies.set(w, found.cookies)
	}
	writeUser(w, found.record.User)
}

func writeUser(w http.ResponseWriter, user User) {
	wire.NoStore(w)
	wire.Write(w, http.StatusOK, struct {
		User User `json:"user"`
	}{user})
}
