package latchkey

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"runtime"
	"sync/atomic"

	"github.com/latchkey-dev/latchkey/internal/cookie"
	"github.com/latchkey-dev/latchkey/internal/crossorigin"
	"github.com/latchkey-dev/latchkey/internal/outage"
	"github.com/latchkey-dev/latchkey/internal/throttle"
	"github.com/latchkey-dev/latchkey/internal/turns"
	"github.com/latchkey-dev/latchkey/internal/wire"
)

// A Guard stands between the browsers of one app and its handlers. Its methods are safe for
// concurrent use.
type Guard struct {
	*reporter
	*memory
	config             Config // resolved
	rules              rules
	origin             origin
	upstream           *upstream
	ledger             *ledger
	cookies            cookies
	recordJWT          *cookie.Sealer // seals the JWT in the record
	recordRefreshToken *cookie.Sealer // seals the refresh token in the record
	browsers           *knownBrowsers
	attempts           *loginAttempts
	flights            flights
	claims             claims
	devices            *deviceSessions
	emails             verifiedEmails
}

// memory is what a guard has learned and hands to the one that replaces it (Config.Replaces). Both
// use it until the old one is closed.
type memory struct {
	known     *known // of the ledger
	stale     logLimiter[ID]
	alarms    logLimiter[string]
	refusals  outage.Refusals
	throttle  *throttle.Logins
	passwords passwordChanges
}

// newMemory returns the memory of the guard being replaced, or a new one.
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

// New makes a guard and starts its background work, which Close ends. It reports all mistakes in
// the Config, each as a *ConfigError.
func New(c Config) (*Guard, error) {
	if err := c.resolve(); err != nil {
		return nil, err
	}
	address, err := url.Parse(c.Origin)
	if err != nil {
		return nil, err
	}
	host := address.Hostname() // without the port: cookies know none
	memory, err := newMemory(&c)
	if err != nil {
		return nil, err
	}
	c.Replaces = nil // its memory is all that is needed of it
	keys := c.Keys.cookieKeys()
	sealer := func(purpose string) *cookie.Sealer {
		return &cookie.Sealer{Keys: keys, Purpose: purpose, Scope: []string{c.App}}
	}
	g := &Guard{
		reporter: &reporter{app: c.App, log: c.Logger, now: c.Now, onEvent: c.OnEvent, alarms: &memory.alarms, stale: &memory.stale},
		memory:   memory, config: c,
		cookies: cookies{
			session: cookie.NewSessions(keys, c.App, host), refresh: cookie.NewRefreshes(keys, c.App, host),
			device: cookie.NewDevices(keys, c.App, host), bound: cookie.NewBoundCookies(keys, c.App, host),
			identifiers: cookie.NewSessionIdentifiers(keys, c.App, host), registration: cookie.NewRegistrationChallenges(keys, c.App, host),
			proof: cookie.NewRefreshChallenges(keys, c.App, host), sameSite: http.SameSiteStrictMode,
		},
		recordJWT:          sealer("access token in the record"),
		recordRefreshToken: sealer("refresh token in the record"),
	}
	if c.SameSiteLax {
		g.cookies.sameSite = http.SameSiteLaxMode
	}
	g.flights.Contain = func(run func() error) error { return g.contain(context.Background(), "refresh", run) }
	g.upstream = &upstream{reporter: g.reporter, provider: c.Provider, timeout: c.ProviderTimeout, refusals: &memory.refusals}
	g.browsers = &knownBrowsers{app: c.App, now: c.Now, cookies: &g.cookies, passwords: &memory.passwords}
	g.attempts = &loginAttempts{Logins: memory.throttle, browsers: g.browsers, provider: c.Provider}
	g.ledger = newLedger(ledgerConfig{
		store: c.Store, keys: c.Keys, cacheSize: c.CacheSize,
		idle: c.IdleTimeout, sessionCap: c.SessionCap, revoke: g.upstream.revoke,
	}, g.reporter, memory.known)
	g.origin = origin{g.reporter, c.Origin}
	g.rules = newRules(c.limits(), c.DeviceBinding, g.ledger, g.cookies.bound)
	g.devices = &deviceSessions{
		keyProofs: &keyProofs{g.reporter, g.ledger, &g.cookies, c.device}, rules: &g.rules, browsers: g.browsers,
		origin: c.Origin, basePath: c.BasePath, offers: c.bindsDevices(), turns: turns.New[ID](runtime.GOMAXPROCS(0)),
	}
	g.claims = claims{reporter: g.reporter, ledger: g.ledger, upstream: g.upstream, duration: c.ProviderTimeout + storeTimeout}
	g.ledger.Start()
	return g, nil
}

// Close ends the background work, waits for refreshes that have outlived their requests, and stores
// what is not stored yet: last uses and ended sessions. Ended sessions that cannot be stored go to
// Config.EndsFile; without that file they are lost. An error says what is lost. Requests must be
// done before Close. The store and the provider stay open.
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
		g.flights.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// An origin keeps requests from other origins from using the cookies.
type origin struct {
	*reporter
	own string // Config.Origin
}

// allow responds with 403 cross_origin to a request that may not use the cookies. It reads neither
// the body nor the store.
func (o *origin) allow(w http.ResponseWriter, r *http.Request) bool {
	if o.same(r) {
		return true
	}
	wire.Of(wire.CodeCrossOrigin).Write(w)
	return false
}

// same reports whether a request may use the cookies. If not, it logs why, once a minute: with a
// wrong Config.Origin, the browser shows nothing but 403.
func (o *origin) same(r *http.Request) bool {
	if crossorigin.Same(r.Method, r.Header, o.own, cookie.HasOurs) {
		return true
	}
	if o.once("origin") {
		o.log.WarnContext(r.Context(), "cross-origin request refused", "app", o.app,
			"origin", crossorigin.Legible(r.Header["Origin"]), "want", o.own, "site", crossorigin.Legible(r.Header["Sec-Fetch-Site"]),
			"fix", "if browsers find the app at this origin, set Config.Origin to it (in the file of latchkey serve: host, and the port of listen)")
	}
	return false
}

const maxUserAgent = 256 // bytes

// device returns what a request shows of its browser.
func (c *Config) device(r *http.Request) Device {
	return Device{UserAgent: wire.Shorten(r.UserAgent(), maxUserAgent), IP: c.ClientIP(r)}
}

func writeUser(w http.ResponseWriter, user User) {
	wire.NoStore(w)
	wire.Write(w, http.StatusOK, struct {
		User User `json:"user"`
	}{user})
}

func noContent(w http.ResponseWriter) {
	wire.NoStore(w)
	w.WriteHeader(http.StatusNoContent)
}

// verifiedEmails is what happens to users whose address is not verified.
type verifiedEmails struct {
	required atomic.Bool // see RequireVerifiedEmail
	hidden   atomic.Bool // see HideUnverified
}

// RequireVerifiedEmail lets sessions begin only for users whose e-mail address the provider calls
// verified (User.EmailVerified), however they log in. All others are answered as with a wrong
// password. Otherwise, if anyone may register, a stranger could register an address with a password
// of their own, log in, and learn from the response whether the address had an account before (ASVS
// V6.3.8). Their tokens are revoked. Existing sessions go on. Package account calls it if
// registration requires a verified address.
func (g *Guard) RequireVerifiedEmail() {
	g.emails.required.Store(true)
	g.HideUnverified()
}

// HideUnverified answers logins that the provider refuses because an address is not verified as
// with a wrong password, and changes nothing else. It is for an app that shares its users with one
// that requires verified addresses: its login would reveal who has registered there.
func (g *Guard) HideUnverified() { g.emails.hidden.Store(true) }

// Discard revokes the refresh token of a grant that will not start a session. It does not wait: the
// Guard retries in the background until the provider has revoked it.
func (g *Guard) Discard(grant Grant) {
	if grant.RefreshTokenID == "" {
		return
	}
	now := g.now()
	g.ledger.EndAbandoned(context.Background(), &Record{ID: newID(), App: g.app, User: User{ID: grant.User.ID}, RefreshTokenID: grant.RefreshTokenID, CreatedAt: now, Deadline: now.Add(g.rules.Cap)})
}

// admit refuses users who may not have a session, and revokes their refresh token.
func (g *Guard) admit(ctx context.Context, grant Grant) error {
	if grant.User.EmailVerified || !g.emails.required.Load() {
		return nil
	}
	g.log.InfoContext(ctx, "login refused: the e-mail address is not verified", "app", g.app, "user", grant.User.ID)
	g.Discard(grant)
	return &ProviderError{Code: CodeInvalidCredentials}
}

// revealsUnverified reports whether a refusal would reveal an unverified account. After too many
// failures, the provider may prevent the login instead.
func (e *ProviderError) revealsUnverified() bool {
	return e.Code == CodeEmailNotVerified || e.Code == CodeLoginPrevented || e.Code == CodeNotRegistered && e.Unverified
}
