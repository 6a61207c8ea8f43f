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

// Config configures a Gateway. New reads it once.
type Config struct {
	Apps []App // at least one, each with a host of its own

	// TrustedProxies are the peers whose X-Forwarded-For is trusted. No others are.
	TrustedProxies []netip.Prefix
	// Forwarded makes the gateway read Forwarded (RFC 7239) from them instead. Only one of the two
	// is read: a proxy sets one and may pass on the other from the client.
	Forwarded bool

	// Replaces is the gateway that this one replaces when a program reloads its configuration. The
	// guards of its apps hand over what they know (latchkey.Config.Replaces). Both may be used
	// until the old one is closed.
	Replaces *Gateway
	// Private lists files and directories that must not be served, such as keys, data and the
	// configuration. It is an error if a Page is a Dir and holds one of them, links followed. They
	// need not exist yet.
	Private []string

	Logger *slog.Logger // nil: slog.Default()
}

// A Gateway is an http.Handler with the apps of a Config. Use New. It sets the time limits of
// bodies itself, so its http.Server should have a ReadHeaderTimeout and an IdleTimeout, and no
// ReadTimeout or WriteTimeout.
type Gateway struct {
	apps     map[string]*app // by host, without a port
	former   map[string]*app // gateways that this one has replaced
	proxies  proxies
	requests sync.WaitGroup
}

// New makes a gateway with a guard for each app, and reports every mistake in the Config. Close
// closes both.
func New(c Config) (*Gateway, error) {
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	g := &Gateway{apps: make(map[string]*app), former: make(map[string]*app), proxies: proxies{c.TrustedProxies, c.Forwarded}}
	var errs []error
	if len(c.Apps) == 0 {
		errs = append(errs, errors.New("gateway: no apps"))
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

// hideUnverified makes the logins of all apps hide what somebody has registered at an app that
// requires verified addresses: the apps may share their users.
func (g *Gateway) hideUnverified(apps []App) {
	wanted := slices.ContainsFunc(apps, func(c App) bool { return c.Account != nil && c.Account.Registration == account.RegistrationVerified })
	for _, a := range g.apps {
		if wanted {
			a.guard.HideUnverified()
		}
	}
}

// inherit names the guard and account handler that the app's ones replace, if there was an app on
// the same host.
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

// An AppError is an error in one of Config.Apps. It wraps the guard's errors, such as
// *latchkey.ConfigError.
type AppError struct {
	Index  int
	Origin string
	Err    error
}

// Error names the app and the error.
func (e *AppError) Error() string { return fmt.Sprintf("gateway: app %q: %v", e.Origin, e.Err) }

// Unwrap returns Err.
func (e *AppError) Unwrap() error { return e.Err }

// ServeHTTP answers a request for any of the apps.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.requests.Add(1)
	defer g.requests.Done()
	if r.ContentLength != 0 { // also if nothing reads the body
		http.NewResponseController(w).SetReadDeadline(time.Now().Add(pace))
	}
	a, refusal := g.find(r)
	if refusal != nil {
		if r.ProtoMajor == 1 {
			w.Header().Set("Connection", "close") // the rest of the connection may not be what it seems
		}
		refusal.ServeHTTP(w, r)
		return
	}
	if r.ProtoMajor == 1 && len(r.TransferEncoding) > 0 {
		// If a request has both, net/http uses Transfer-Encoding and silently drops Content-Length.
		// The sender may have meant the rest of the bytes as another request (RFC 9112 §6.1), so
		// nothing after it is answered.
		w.Header().Set("Connection", "close")
	}
	a.ServeHTTP(w, r)
}

// find returns the app of a request and cleans its path, or returns the response to a request that
// no login would make acceptable.
func (g *Gateway) find(r *http.Request) (*app, http.Handler) {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
	case http.MethodTrace, http.MethodConnect:
		return nil, methodNotAllowed
	default:
		return nil, methodUnknown
	}
	if !r.ProtoAtLeast(1, 1) && !g.proxies.trustsPeer(r) {
		return nil, versionUnknown // nginx still uses HTTP/1.0 by default; browsers do not
	}
	name, err := requestHost(r.Host)
	if err != nil || r.URL.Opaque != "" {
		return nil, badRequest
	}
	a := g.apps[name]
	if a == nil {
		return nil, misdirected
	}
	if route := a.deviceRoute(r.URL.Path); route != "" {
		r.URL.Path, r.URL.RawPath = route, ""
		return a, nil
	}
	if doubled(r.Header) {
		return nil, badRequest
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
		a.log.WarnContext(r.Context(), "X-Forwarded-For or Forwarded from a peer that is not in trusted_proxies: all its clients count as one address",
			"app", a.host, "peer", g.proxies.client(r))
	}
	r.URL.Path, r.URL.RawPath = path, ""
	return a, nil
}

// single are the headers that matter here or at the app, and that a client may send only once.
// Others are removed (Authorization) or refused by net/http (Content-Length, Host) already.
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

// requestHost returns the host in a Host header, without its port and in lower case. A value that
// is not a host by RFC 9110 §7.2 is an error: a port has digits only, and brackets hold an IPv6
// address.
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

// Wait returns when every request has ended, including open WebSockets, or when ctx is done.
// No new ones may come.
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

// CloseStreams cuts every WebSocket and every response without a length, now and in the future, for
// a shutdown that does not wait for them.
func (g *Gateway) CloseStreams() {
	for _, a := range g.apps {
		a.streams.closeAll()
	}
}

// Close closes the guards and ends background work. Requests must have ended before; see Wait.
func (g *Gateway) Close(ctx context.Context) error {
	var errs []error
	for _, a := range g.apps {
		errs = append(errs, a.close(ctx))
	}
	return errors.Join(errs...)
}
