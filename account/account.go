package account

import (
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/fusionauth"
	"github.com/latchkey-dev/latchkey/internal/clientip"
	"github.com/latchkey-dev/latchkey/internal/wire"
)

// Registration says who may register.
type Registration int

const (
	// RegistrationClosed is for existing users only: the route answers 404.
	RegistrationClosed Registration = iota
	// RegistrationVerified admits everyone who verifies an address. New makes the Guard refuse all
	// others (latchkey.Guard.RequireVerifiedEmail), whatever the provider does. The provider sends
	// the mails (the tenant's emailConfiguration.verifyEmail), and should issue no tokens for
	// unverified addresses in the first place (unverified.behavior Gated). Nobody learns whether an
	// address has an account: an unverified login is answered like a wrong password, so a page
	// should offer to send the mail again next to its login form.
	RegistrationVerified
	// RegistrationUnverified admits everyone immediately. It reveals to anyone whether an address
	// has an account.
	RegistrationUnverified
)

// Config configures a Handler. Guard, Client and Origin are required.
type Config struct {
	Guard  *latchkey.Guard
	Client *fusionauth.Client // the guard's Provider; its API key needs the calls of this package, see docs/fusionauth.md
	Origin string             // that of the guard

	Registration Registration

	// Issuer is the name that an authenticator shows next to the user's address; default: the host
	// of Origin.
	Issuer string
	// ClientIP returns the address of the browser; default: the host of RemoteAddr.
	ClientIP func(*http.Request) string

	// Replaces is the Handler that this one replaces when a program reloads its configuration. The
	// new one takes over its counts of attempts and mails. Nil: none.
	Replaces *Handler

	Logger *slog.Logger     // nil: slog.Default()
	Now    func() time.Time // nil: time.Now
}

// Endpoints are the calls that the Client's API key must be allowed to make, besides POST
// /api/login and DELETE /api/jwt/refresh.
var Endpoints = map[string][]string{
	"/api/two-factor/secret":             {"GET"},
	"/api/user":                          {"GET"},
	"/api/user/change-password":          {"POST"},
	"/api/user/forgot-password":          {"POST"},
	"/api/user/registration":             {"POST"},
	"/api/user/two-factor":               {"POST", "DELETE"},
	"/api/user/two-factor/recovery-code": {"POST"},
	"/api/user/verify-email":             {"PUT"},
	"/api/webauthn":                      {"GET", "DELETE"},
	"/api/webauthn/login":                {"POST"},
	"/api/webauthn/register/complete":    {"POST"},
	"/api/webauthn/register/start":       {"POST"},
	"/api/webauthn/start":                {"POST"},
}

// A Handler serves the routes, below the base path of its guard. Its methods are safe for
// concurrent use.
type Handler struct {
	config Config
	routes http.Handler
	base   string // the guard's
	paths  map[string]bool
	host   string // of the origin, without a port: what passkeys are bound to

	running sync.WaitGroup // background calls
	*limits
}

// New checks the Config.
func New(c Config) (*Handler, error) {
	origin, err := url.Parse(c.Origin)
	if c.Guard == nil || c.Client == nil || err != nil || origin.Hostname() == "" {
		return nil, errors.New("account: Config: Guard, Client and Origin are required")
	}
	if c.Issuer == "" {
		c.Issuer = origin.Hostname()
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.ClientIP == nil {
		c.ClientIP = clientip.Peer
	}
	h := &Handler{config: c, base: c.Guard.BasePath(), host: origin.Hostname(), limits: newLimits()}
	if c.Replaces != nil {
		h.limits, h.config.Replaces = c.Replaces.limits, nil // or each would keep all earlier ones in memory
	}
	if h.config.Registration == RegistrationVerified {
		h.config.Guard.RequireVerifiedEmail()
	}
	h.routes = h.newRoutes()
	return h, nil
}

// Close waits for background calls, such as mails to be sent, at most ten seconds each. Requests
// must have ended before.
func (h *Handler) Close() { h.running.Wait() }

// ServeHTTP answers a request for one of the routes; every other path is 404.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.routes.ServeHTTP(w, r) }

// Serves reports whether a path is one of the Handler's.
func (h *Handler) Serves(path string) bool {
	if h.paths[path] {
		return true
	}
	rest, below := strings.CutPrefix(path, h.base+"/passkeys/")
	id, remove := strings.CutSuffix(rest, "/remove")
	return below && remove && id != "" && !strings.Contains(id, "/")
}

// open are the routes that need no login, below the base path.
func (h *Handler) open() map[string]http.Handler {
	routes := map[string]http.Handler{
		"/register":              wire.Methods{"POST": h.answering(h.register)},
		"/verify-email":          wire.Methods{"POST": h.answering(h.verifyEmail)},
		"/verify-email/check":    wire.Methods{"POST": h.answering(h.checkVerification)},
		"/verify-email/send":     wire.Methods{"POST": h.answering(h.sendVerification)},
		"/forgot-password":       wire.Methods{"POST": h.answering(h.forgotPassword)},
		"/reset-password/check":  wire.Methods{"POST": h.answering(h.checkReset)},
		"/reset-password":        wire.Methods{"POST": h.answering(h.resetPassword)},
		"/passkey-login/options": wire.Methods{"POST": h.answering(h.passkeyLoginOptions)},
		"/passkey-login":         wire.Methods{"POST": h.answering(h.passkeyLogin)},
	}
	if h.config.Registration == RegistrationClosed { // still ours, so that the password of a form reaches no other handler
		routes["/register"] = wire.Of(wire.CodeNotFound)
	}
	return routes
}

// own are the routes for logged-in users, below the base path.
func (h *Handler) own() map[string]wire.Methods {
	return map[string]wire.Methods{
		"/password":             {"POST": h.answering(h.changePassword)},
		"/factors":              {"GET": h.answering(h.factors)},
		"/authenticator/secret": {"POST": h.answering(h.authenticatorSecret)},
		"/authenticator":        {"POST": h.answering(h.enableAuthenticator)},
		"/authenticator/remove": {"POST": h.answering(h.removeAuthenticator)},
		"/recovery-codes":       {"POST": h.answering(h.recoveryCodes)},
		"/passkeys/options":     {"POST": h.answering(h.passkeyOptions)},
		"/passkeys":             {"POST": h.answering(h.addPasskey)},
		"/passkeys/{id}/remove": {"POST": h.answering(h.removePasskey)},
	}
}

func (h *Handler) newRoutes() http.Handler {
	mux := http.NewServeMux()
	h.paths = make(map[string]bool)
	for path, methods := range h.open() {
		path = h.base + path
		h.paths[path] = true
		mux.Handle(path, h.config.Guard.Identify(h.config.Guard.LoginRoute(private(methods)))) // which refuse other origins
	}
	for path, methods := range h.own() {
		path = h.base + path
		h.paths[path] = true
		mux.Handle(path, h.config.Guard.Protect(h.config.Guard.LoginRoute(private(methods))))
	}
	mux.Handle("/", wire.Of(wire.CodeNotFound))
	return mux
}

// private marks responses that must not be cached.
func private(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		next.ServeHTTP(w, r)
	})
}
