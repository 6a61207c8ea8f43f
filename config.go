package latchkey

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/latchkey-dev/latchkey/internal/clientip"
	"github.com/latchkey-dev/latchkey/internal/cookie"
	"github.com/latchkey-dev/latchkey/internal/rotation"
)

// A Config configures a Guard. New reads it once. Origin, Provider, Store and Keys are required.
type Config struct {
	// Origin is the origin of the app, as browsers see it: scheme, host, and the port unless it is
	// the scheme's default, such as "https://store.example.com". It must be https, or http on
	// localhost, *.localhost or a loopback address: elsewhere browsers drop the cookies.
	Origin string

	// App names the app in the store and in the derived keys, so that cookies of one app do not
	// work in another. Changing it logs out all users. Default: the host of Origin.
	App string

	// BasePath is the path below which Handler and package account serve their routes; default
	// "/api". The option base of the browser client must match. If the app has its own API below
	// "/api", choose another path, such as "/auth", so that chi's Mount and http.ServeMux take
	// Handler as it is. Behind http.StripPrefix use "/"; the client's base is then the prefix.
	BasePath string

	Provider Provider
	Store    Store
	Keys     KeyRing

	// IdleTimeout is how long an unused session id stays valid, accurate to a tenth; default 30
	// minutes.
	IdleTimeout time.Duration
	// SessionCap is how long a session id stays valid however much it is used; default 1 hour. Then
	// a refresh follows, which applies roles, locks and passwords that have changed at the
	// provider.
	SessionCap time.Duration
	// RefreshTTL is how long after the last refresh the refresh token can resume the session;
	// default 30 days. It must not be longer than the lifetime of the provider's refresh tokens.
	RefreshTTL time.Duration
	// AbsoluteTimeout is the lifetime of a session however much it is used; default 90 days, at
	// most 400.
	AbsoluteTimeout time.Duration
	// InFlightWindow is the longest that a request and its response take together. It must be at
	// most a quarter of SessionCap and less than half of IdleTimeout. Default: 2 minutes, or a
	// quarter of the shorter of the two.
	InFlightWindow time.Duration
	// RefreshAhead is how long before it expires the provider's JWT (Session.Token) is refreshed in
	// the background while the session is in use, for handlers that pass it on. If it has expired
	// because the session was not used for a while, Session.Token waits for a new one. RefreshAhead
	// must not be longer than SessionCap. A JWT is never refreshed in the first half of its
	// lifetime; if RefreshAhead is longer than that, the guard logs one warning. Default 0: the JWT
	// is refreshed only with the session id, and may have expired.
	RefreshAhead time.Duration
	// DeviceBinding is whether sessions are bound to their browsers' keys; default
	// DeviceBindingOn. Browsers bind sessions over https only. Both routes must be mounted:
	// Handler has them.
	DeviceBinding DeviceBinding
	// DeviceProofLifetime is how long a proof of the key is good, and so how long a stolen copy of
	// all cookies of a bound session is; default 12 minutes, or SessionCap if that is shorter. At
	// least 5 minutes, at most SessionCap. Below 12, browsers that use several apps of one site
	// reach their limit of signatures, and the guard logs a warning.
	DeviceProofLifetime time.Duration
	// CacheSize is how many sessions a node caches if the Store is a Watcher, so that requests do
	// not wait for the store; default 100,000. Each takes about 1 KiB plus the user and the JWT.
	// Negative: no cache.
	CacheSize int
	// ProviderTimeout limits each call of the provider; default 5 seconds.
	ProviderTimeout time.Duration

	// EndsFile names a file for this app alone, which keeps ended sessions that could not be stored
	// yet. New reads it; Close and the background work write it, with mode 0600. It exists only
	// while such ends are pending. If empty, they are lost when the process exits.
	EndsFile string
	// Replaces is a guard with the same App and EndsFile that this one replaces, when a program
	// reloads its configuration. Pending ends, failed logins and rate limits of the log pass to the
	// new guard. Both may be used until the old one is closed. May be nil.
	Replaces *Guard

	// SameSiteLax sends the cookies, too, when the user follows a link from another site. It is for
	// apps that protect server-rendered pages.
	SameSiteLax bool
	// ClearSiteData makes logout ask the browser to clear its cache and storage for the origin,
	// too.
	ClearSiteData bool

	// RefuseNavigation responds to a navigation that Protect or Require refuse, for server-rendered
	// pages: with a redirect to the login form, for example. The context has the session, if any.
	// If nil, navigations get problem+json, like all other requests.
	RefuseNavigation func(http.ResponseWriter, *http.Request, *Problem)

	// ClientIP returns the browser's address, by which failed logins are counted. Default: the host
	// of RemoteAddr. Behind a proxy that is the proxy's, so all browsers would share one limit.
	// Trust a header only if your own proxy sets it: clients that can choose their address evade
	// the limit.
	ClientIP func(*http.Request) string

	// OnEvent receives what happens to sessions. It is called synchronously and must return
	// quickly. May be nil.
	OnEvent func(context.Context, Event)

	Logger *slog.Logger     // nil: slog.Default()
	Now    func() time.Time // nil: time.Now
}

// A ConfigError is one mistake in a Config. New returns all of them joined; errors.As finds the
// first.
type ConfigError struct {
	Field  string
	Reason string
}

// Error names the field and the reason.
func (e *ConfigError) Error() string { return "latchkey: Config." + e.Field + ": " + e.Reason }

// resolve sets the defaults and returns all mistakes.
func (c *Config) resolve() error {
	var errs []error
	bad := func(field, reason string) { errs = append(errs, &ConfigError{field, reason}) }

	origin, err := parseOrigin(c.Origin)
	switch {
	case c.Origin == "":
		bad("Origin", "required")
	case err != nil:
		bad("Origin", err.Error())
	case c.App == "":
		c.App = origin.Hostname()
	}
	if c.Provider == nil {
		bad("Provider", "required")
	}
	if c.Store == nil {
		bad("Store", "required")
	}
	if len(c.Keys) == 0 {
		bad("Keys", "required: LoadOrCreateKeys reads them from a file, NewKey makes one")
	}
	for i, k := range c.Keys {
		if k.secret == nil {
			bad("Keys", fmt.Sprintf("key %d is the zero Key", i))
		} else if twin, _ := c.Keys[:i].find(k.id); twin.secret != nil {
			bad("Keys", fmt.Sprintf("key %d is a duplicate", i))
		}
	}

	switch base := strings.TrimSuffix(c.BasePath, "/"); {
	case c.BasePath == "":
		c.BasePath = "/api"
	case base != "" && (base[0] != '/' || base == "/" || path.Clean(base) != base || strings.Trim(base, plainPathCharacters) != ""):
		bad("BasePath", "not a plain path: want one like /api, of letters, digits and -._~")
	default:
		c.BasePath = base
	}

	duration := func(field string, d *time.Duration, standard time.Duration) {
		if *d < 0 {
			bad(field, "negative")
		}
		if *d == 0 {
			*d = standard
		}
	}
	duration("IdleTimeout", &c.IdleTimeout, 30*time.Minute)
	duration("SessionCap", &c.SessionCap, time.Hour)
	duration("AbsoluteTimeout", &c.AbsoluteTimeout, 90*24*time.Hour)
	duration("RefreshTTL", &c.RefreshTTL, min(30*24*time.Hour, c.AbsoluteTimeout))
	duration("InFlightWindow", &c.InFlightWindow, min(2*time.Minute, c.SessionCap/4, c.IdleTimeout/4))
	duration("ProviderTimeout", &c.ProviderTimeout, 5*time.Second)
	if c.RefreshAhead < 0 {
		bad("RefreshAhead", "negative")
	}
	if c.SessionCap > 0 && c.RefreshAhead > c.SessionCap {
		bad("RefreshAhead", "longer than SessionCap")
	}
	if c.InFlightWindow > c.SessionCap/4 {
		bad("InFlightWindow", "longer than a quarter of SessionCap")
	}
	if c.IdleTimeout > 0 && c.InFlightWindow >= c.IdleTimeout/2 {
		bad("InFlightWindow", "not shorter than half of IdleTimeout")
	}
	c.resolveBinding(bad)
	if c.RefreshTTL > c.AbsoluteTimeout {
		bad("RefreshTTL", "longer than AbsoluteTimeout")
	}
	if c.AbsoluteTimeout > cookie.MaxAge {
		bad("AbsoluteTimeout", "longer than 400 days, the most that browsers keep a cookie")
	}
	if c.Replaces != nil && (c.Replaces.app != c.App || c.Replaces.config.EndsFile != c.EndsFile) {
		bad("Replaces", "a guard with another App or EndsFile")
	}
	c.fillIn()
	if c.bindsDevices() && c.DeviceProofLifetime < standardProofLifetime {
		c.Logger.Warn("device proof lifetime below 12 minutes: browsers with several apps of one site may reach their limit of signatures",
			"app", c.App, "lifetime", c.DeviceProofLifetime)
	}
	return errors.Join(errs...)
}

const (
	standardProofLifetime = 12 * time.Minute // below, two apps of one site reach the limit of 6 signatures in 9 minutes
	minProofLifetime      = 5 * time.Minute
)

// resolveBinding sets the defaults of the binding to devices, and reports mistakes.
func (c *Config) resolveBinding(bad func(field, reason string)) {
	if c.DeviceBinding == "" {
		c.DeviceBinding = DeviceBindingOn
	}
	https := strings.HasPrefix(c.Origin, "https:")
	switch c.DeviceBinding {
	case DeviceBindingOff, DeviceBindingWatch, DeviceBindingOn:
	case DeviceBindingRequire:
		if !https && c.Origin != "" {
			bad("DeviceBinding", "require: browsers bind sessions over https only, so nobody could stay logged in: use https, or on")
		}
	default:
		bad("DeviceBinding", fmt.Sprintf("%q is none of off, watch, on and require", string(c.DeviceBinding)))
	}
	switch life := c.DeviceProofLifetime; {
	case life == 0:
		c.DeviceProofLifetime = min(standardProofLifetime, max(c.SessionCap, minProofLifetime))
	case life < minProofLifetime:
		bad("DeviceProofLifetime", "shorter than 5 minutes: browsers limit how often they sign")
	case c.SessionCap > 0 && life > c.SessionCap:
		bad("DeviceProofLifetime", "longer than SessionCap")
	}
}

// bindsDevices reports whether new sessions are offered to be bound. Browsers do it over https
// only.
func (c *Config) bindsDevices() bool {
	return c.DeviceBinding.offers() && strings.HasPrefix(c.Origin, "https:")
}

const plainPathCharacters = "/abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~"

func (c *Config) fillIn() {
	if c.CacheSize == 0 {
		c.CacheSize = 100_000
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.ClientIP == nil {
		c.ClientIP = clientip.PeerWithWarning(c.App, c.Logger)
	}
}

func (c *Config) limits() rotation.Limits {
	return rotation.Limits{
		Idle: c.IdleTimeout, Cap: c.SessionCap, RefreshTTL: c.RefreshTTL, Absolute: c.AbsoluteTimeout,
		InFlight: c.InFlightWindow, Ahead: c.RefreshAhead, Settling: min(time.Minute, c.IdleTimeout/2, c.SessionCap/2),
		ProofLife: c.DeviceProofLifetime,
	}
}

func parseOrigin(origin string) (*url.URL, error) {
	u, err := url.Parse(origin)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("not an origin: want https://host or https://host:port")
	case origin != u.Scheme+"://"+u.Host || origin != strings.ToLower(origin):
		return nil, fmt.Errorf("more than an origin: want %s://%s", u.Scheme, strings.ToLower(u.Host))
	case u.Port() == "80" && u.Scheme == "http" || u.Port() == "443" && u.Scheme == "https":
		return nil, fmt.Errorf("leave out the default port, as browsers do: want %s://%s", u.Scheme, u.Hostname())
	case !plainHost(u.Hostname()):
		return nil, errors.New("the host must be an ASCII name (xn-- form if international) or an IP address")
	case !plainPort(u):
		return nil, errors.New("the port must be a number from 1 to 65535 without leading zeros")
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		return nil, errors.New("must be https: over http, browsers keep the cookies only on localhost")
	}
	return u, nil
}

// plainHost reports whether browsers write the host like that in Origin headers. They have one
// notation for each address, and treat every name that ends in a number as an address (WHATWG URL,
// "host parsing").
func plainHost(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.String() == host && !ip.Is4In6() && ip.Zone() == ""
	}
	last := host[strings.LastIndexByte(host, '.')+1:]
	if _, err := strconv.ParseUint(last, 0, 64); err == nil || last != "" && strings.Trim(last, "0123456789") == "" {
		return false
	}
	return host != "" && strings.Trim(host, "abcdefghijklmnopqrstuvwxyz0123456789-.") == "" && !strings.HasPrefix(host, ".")
}

func plainPort(u *url.URL) bool {
	port := u.Port()
	n, err := strconv.ParseUint(port, 10, 16)
	return port == "" && !strings.HasSuffix(u.Host, ":") || err == nil && n > 0 && port[0] != '0'
}

func isLoopback(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}
