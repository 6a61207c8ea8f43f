package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/latchkey-dev/latchkey/account"
)

// Config is what a Gateway is made from. New reads it once.
type Config struct {
	Apps []App // at least one, each with a host of its own

	// TrustedProxies are the peers that are believed when they say in X-Forwarded-For for whom they ask. Nobody else is.
	TrustedProxies []netip.Prefix
	// Forwarded has them believed in Forwarded (RFC 7239) instead. Only one of the two is read: a proxy sets one and passes on what a client says in the other.
	Forwarded bool

	// Replaces is a gateway whose place this one takes, where a program reads its configuration again. The guards of its apps pass on what they know
	// (latchkey.Config.Replaces). Both may be used until the old one is closed.
	Replaces *Gateway
	// Private lists files and directories that nobody may read, such as keys, data and the configuration. A Page that is a Dir
	// and holds one of them, links followed, is a mistake. They need not exist yet.
	Private []string

	Logger *slog.Logger // nil: slog.Default()
}

// A Gateway is an http.Handler with the apps of a Config. Use New. It takes care of the time limits of bodies itself, so its http.Server
// should have a ReadHeaderTimeout and an IdleTimeout, and no ReadTimeout and no WriteTimeout.
type Gateway struct {
	apps     map[string]*app // by host, without a port
	former   map[string]*app // of the gateways that this one has replaced
	proxies  proxies
	requests sync.WaitGroup
}

// New makes a gateway with a guard for each app, and reports every mistake in the Config. Close ends both.
func New(c Config) (*Gateway, error) {
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	g := &Gateway{apps: make(map[string]*app), former: make(map[string]*app), proxies: proxies{c.TrustedProxies, c.Forwarded}}
	var errs []error
	if len(c.Apps) == 0 {
		errs = append(errs, errors.New("gateway: no app"))
	}
	if c.Replaces != nil {
		maps.Copy(g.former, c.Replaces.former)
		maps.Copy(g.former, c.Replaces.apps)
	}
	for i, config := range c.Apps {
		g.inherit(&config)
		a, err := newApp(config, c, g.proxies)
		if err != nil {
			errs = append(errs, &AppError{i, config.Login.Origin, err})
			continue
		}
		name, err := requestHost(a.host)
		if err != nil {
			errs = append(errs, &AppError{i, config.Login.Origin, err}, a.close(context.Background()))
			continue
		}
		if g.apps[name] != nil {
			twice := fmt.Errorf("two apps on the host %s: browsers would mix up their cookies", name)
			errs = append(errs, &AppError{i, config.Login.Origin, twice}, a.close(context.Background()))
			continue
		}
		g.apps[name] = a
	}
	if errs != nil {
		return nil, errors.Join(append(errs, g.Close(context.Background()))...)
	}
	g.hideUnverified(c.Apps)
	return g, nil
}

// hideUnverified keeps the logins of all apps from telling what somebody has registered at one that wants verified addresses: they may have their users in common.
func (g *Gateway) hideUnverified(apps []App) {
	wanted := slices.ContainsFunc(apps, func(c App) bool { return c.Account != nil && c.Account.Registration == account.RegistrationVerified })
	for _, a := range g.apps {
		if wanted {
			a.guard.HideUnverified()
		}
	}
}

// inherit names what the app's guard and account handler take the place of, if there was an app on the same host.
func (g *Gateway) inherit(c *App) {
	origin, err := url.Parse(c.Login.Origin)
	if err != nil {
		return
	}
	name, err := requestHost(origin.Host)
	old := g.former[name]
	if err != nil || old == nil {
		return
	}
	if c.Login.Replaces == nil && old.sessions == c.Login.App && old.endsFile == c.Login.EndsFile {
		c.Login.Replaces = old.guard
	}
	if c.Account != nil && old.account != nil {
		heir := *c.Account
		heir.Replaces = old.account
		c.Account = &heir
	}
}

// An AppError is what is wrong with one of Config.Apps. It wraps the guard's errors, *latchkey.ConfigError among them.
type AppError struct {
	Index  int
	Origin string
	Err    error
}

// Error names the app and the mistake.
func (e *AppError) Error() string { return fmt.Sprintf("gateway: app %q: %v", e.Origin, e.Err) }

// Unwrap returns Err.
func (e *AppError) Unwrap() error { return e.Err }

// ServeHTTP answers a request for any of the apps.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.requests.Add(1)
	defer g.requests.Done()
	if r.ContentLength != 0 { // whoever reads it, and if nobody does
		http.NewResponseController(w).SetReadDeadline(time.Now().Add(pace))
	}
	a, refusal := g.find(r)
	if refusal != nil {
		if r.ProtoMajor == 1 {
			w.Header().Set("Connection", "close") // what follows on the connection may not be what it seems
		}
		refusal.ServeHTTP(w, r)
		return
	}
	if r.ProtoMajor == 1 && len(r.TransferEncoding) > 0 {
		// net/http follows Transfer-Encoding where a Content-Length comes with it, and drops the latter unseen. Who sent the two may have meant
		// the rest of the bytes as a request of his own (RFC 9112 §6.1): it gets no answer.
		w.Header().Set("Connection", "close")
	}
	a.ServeHTTP(w, r)
}

// find returns the app of a request and makes its path clean, or returns the answer to a request that
// nobody's login would make acceptable.
func (g *Gateway) find(r *http.Request) (*app, http.Handler) {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
	case http.MethodTrace, http.MethodConnect:
		return nil, methodNotAllowed
	default:
		return nil, methodUnknown
	}
	if !r.ProtoAtLeast(1, 1) && !g.proxies.trustsPeer(r) {
		return nil, versionUnknown // nginx still asks so by default; whoever else does is no browser
	}
	name, err := requestHost(r.Host)
	if err != nil || r.URL.Opaque != "" || doubled(r.Header) {
		return nil, badRequest
	}
	a := g.apps[name]
	if a == nil {
		return nil, misdirected
	}
	path, err := cleanPath(r.URL)
	if err != nil {
		return nil, badRequest
	}
	ok, emptied := fits(r)
	if !ok {
		return nil, headersTooLarge
	}
	if emptied {
		a.withoutCookies(r.Context())
	}
	if g.proxies.passedOver(r) && a.proxyTold.due(a.now()) {
		a.log.WarnContext(r.Context(), "X-Forwarded-For or Forwarded from a peer that is not in trusted_proxies: all that come through it count as one address",
			"app", a.host, "peer", g.proxies.client(r))
	}
	r.URL.Path, r.URL.RawPath = path, ""
	return a, nil
}

// single are the headers that decide here or at the app, and that a client sends once at most. Others
// that decide are removed (Authorization) or refused by net/http (Content-Length, Host) already.
var single = [...]string{"Content-Type", "Origin", "Referer", "Sec-Fetch-Dest", "Sec-Fetch-Mode", "Sec-Fetch-Site", "Sec-Fetch-User"}

func doubled(h http.Header) bool {
	for _, name := range single {
		if len(h[name]) > 1 {
			return true
		}
	}
	return false
}

var errHost = errors.New("not a host with an optional port")

// requestHost returns the name in a Host header, without its port and in lower case. A value that is no
// host by RFC 9110 §7.2 is an error: a port has digits only, and brackets hold an IPv6 address.
func requestHost(host string) (string, error) {
	name, port := host, ""
	if at := strings.LastIndexByte(host, ':'); at >= 0 && host[len(host)-1] != ']' {
		name, port = host[:at], host[at+1:]
	}
	if strings.Trim(port, "0123456789") != "" {
		return "", errHost
	}
	if inner, ok := strings.CutPrefix(name, "["); ok {
		address, closed := strings.CutSuffix(inner, "]")
		if ip, err := netip.ParseAddr(address); err != nil || !closed || !ip.Is6() || ip.Zone() != "" {
			return "", errHost
		}
		return strings.ToLower(address), nil
	}
	if strings.ContainsAny(name, "[]:@/\\?# ") {
		return "", errHost
	}
	return strings.ToLower(name), nil
}

// Wait returns when no request is under way any more, an open WebSocket among them, or when ctx is done. No new one may come.
func (g *Gateway) Wait(ctx context.Context) error {
	none := make(chan struct{})
	go func() {
		g.requests.Wait()
		close(none)
	}()
	select {
	case <-none:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// CloseStreams cuts every WebSocket and every answer without a length, now and from now on, for a shutdown that does not want to wait for them.
func (g *Gateway) CloseStreams() {
	for _, a := range g.apps {
		a.streams.closeAll()
	}
}

// Close ends the guards and what else works in the background. Requests must have ended before; see Wait.
func (g *Gateway) Close(ctx context.Context) error {
	var errs []error
	for _, a := range g.apps {
		errs = append(errs, a.close(ctx))
	}
	return errors.Join(errs...)
}
