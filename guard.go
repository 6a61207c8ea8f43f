package latchkey

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/latchkey-dev/latchkey/internal/cookie"
	"github.com/latchkey-dev/latchkey/internal/outage"
	"github.com/latchkey-dev/latchkey/internal/throttle"
)

// A Guard stands between the browsers of one app and its handlers. Its methods are safe for
// concurrent use.
type Guard struct {
	*reporter
	*memory
	config   Config // resolved
	rules    rules
	origin   origin
	upstream *upstream
	ledger   *ledger
	cookies  cookies
	access   *cookie.Sealer // seals the JWT in the record
	refresh  *cookie.Sealer // seals the refresh token in the record
	browsers *knownBrowsers
	attempts *loginAttempts
	flights  flights
	claims   claims
	emails   verifiedEmails
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
			device: cookie.NewDevices(keys, c.App, host), sameSite: http.SameSiteStrictMode,
		},
		access:  sealer("access token in the record"),
		refresh: sealer("refresh token in the record"),
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
	g.rules = rules{c.limits(), g.ledger}
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
