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
	"github.com/latchkey-dev/latchkey/internal/rotation"
)

// Config is what a Guard is made from. New reads it once. Provider, Store, Keys and Origin are required.
type Config struct {
	// Origin is where browsers find the app: scheme, host, and the port where it is not the scheme's own; "https://store.example.com".
	// It must be https, or http on localhost, *.localhost or a loopback address: elsewhere browsers drop the cookies.
	Origin string

	// App names the app in the store and in the keys of its cookies, so that no cookie of one app works in another. Default: the host of Origin.
	// Changing it logs everybody out.
	App string

	// BasePath is where Handler and package account have their routes; default "/api". The browser
	// client's option base is the same. Choose another path, such as "/auth", if the app has an API of
	// its own below "/api": then chi's Mount and http.ServeMux take Handler as it is. Behind
	// http.StripPrefix it is "/", and the client's base is the prefix.
	BasePath string

	Provider Provider
	Store    Store
	Keys     KeyRing

	// IdleTimeout ends the life of a session id that is not used; default 30 minutes. It is honoured within a tenth.
	IdleTimeout time.Duration
	// SessionCap ends the life of a session id however much it is used; default 1 hour. A refresh follows,
	// and with it the roles, locks and passwords that changed at the provider.
	SessionCap time.Duration
	// RefreshTTL is how long after the last refresh the refresh token may bring the session back; default 30 days.
	// It must not be longer than the provider's.
	RefreshTTL time.Duration
	// AbsoluteTimeout ends a session however much it is used; default 90 days, at most 400.
	AbsoluteTimeout time.Duration
	// InFlightWindow is the longest that a request and its answer are under way together. It must not be longer than a quarter of SessionCap, and
	// must be shorter than half of IdleTimeout. Default: 2 minutes, or a quarter of the shorter of the two.
	InFlightWindow time.Duration
	// RefreshAhead is how long before it expires the provider's JWT (Session.Token) is refreshed in the
	// background while the session is used, for handlers that pass it on. If it has expired because
	// nobody asked for a while, Session.Token waits for the next one. It must not be longer than
	// SessionCap. A JWT is never refreshed in the first half of its life: if RefreshAhead is longer
	// than that, it has no effect beyond, and the guard logs one warning. Default 0: the JWT is
	// refreshed with the session id only, and may have expired.
	RefreshAhead time.Duration
	// CacheSize is how many sessions a node keeps in memory where the Store is a Watcher, so that requests do not wait for it; default 100,000, of about 1 KiB each beside the user and the JWT
	// and the JWT. Negative: none.
	CacheSize int
	// ProviderTimeout bounds each call of the provider; default 5 seconds.
	ProviderTimeout time.Duration

	// EndsFile names a file of this app alone. It keeps the ends of sessions that the store could not
	// take, until it can: New reads it, Close and the background work write it, with mode 0600, and
	// there is one only while something is owed. Empty: such ends are lost when the process ends.
	EndsFile string
	// Replaces is a guard of the same App and EndsFile whose place this one takes, when a program reads
	// its configuration again. Ends that are not stored, counts of failed logins and what was logged
	// lately pass to this one. Both may be used until the old one is closed. Nil: none.
	Replaces *Guard

	// SameSiteLax lets the cookies come along when another site links to the app: for apps whose server-rendered pages are protected.
	SameSiteLax bool
	// ClearSiteData has logout ask the browser to drop its cache and storage of the origin as well.
	ClearSiteData bool

	// RefuseNavigation answers a navigation that Protect or Require refuse, for pages that the server
	// renders: with a redirect to the login form, for example. The session is on the context if there
	// is one. Nil: navigations get problem+json, like all other requests.
	RefuseNavigation func(http.ResponseWriter, *http.Request, *Problem)

	// ClientIP returns the address of the browser behind a request; failed logins are counted by it. Default: the host of RemoteAddr, which is
	// the proxy's where there is one: then all browsers share its limit. Believe a header only where your own proxy sets it: who can choose their address is not limited by it.
	ClientIP func(*http.Request) string

	// OnEvent is told what happens to sessions, in the goroutine in which it happens: it must return soon. May be nil.
	OnEvent func(context.Context, Event)

	Logger *slog.Logger     // nil: slog.Default()
	Now    func() time.Time // nil: time.Now
}

// A ConfigError is one mistake in a Config. New returns all of them joined; errors.As finds the first.
type ConfigError struct {
	Field  string
	Reason string
}

// Error names the field and the reason.
func (e *ConfigError) Error() string { return "latchkey: Config." + e.Field + ": " + e.Reason }

// resolve fills in the defaults and returns every mistake.
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
			bad("Keys", fmt.Sprintf("key %d stands there twice", i))
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
	if c.RefreshTTL > c.AbsoluteTimeout {
		bad("RefreshTTL", "longer than AbsoluteTimeout")
	}
	if c.AbsoluteTimeout > maxCookieAge {
		bad("AbsoluteTimeout", "longer than the 400 days that a browser keeps a cookie")
	}
	if c.Replaces != nil && (c.Replaces.app != c.App || c.Replaces.config.EndsFile != c.EndsFile) {
		bad("Replaces", "a guard of another App or with another EndsFile")
	}
	c.fillIn()
	return errors.Join(errs...)
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
		return nil, fmt.Errorf("leave the scheme's own port out, as browsers do: want %s://%s", u.Scheme, u.Hostname())
	case !plainHost(u.Hostname()):
		return nil, errors.New("its host must be a name in ASCII (for others the xn-- form) or an IP address")
	case !plainPort(u):
		return nil, errors.New("its port must be a number from 1 to 65535 without zeros in front")
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		return nil, errors.New("must be https: over http browsers keep the cookies on localhost only")
	}
	return u, nil
}

// plainHost tells whether a browser would write a host like that into Origin. It writes an address in one way only, and takes every
// name that ends in a number for an address (WHATWG URL, "host parsing").
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
