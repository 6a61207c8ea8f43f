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

// Registration says who may make an account.
type Registration int

const (
	// RegistrationClosed is for existing users only: the route answers 404.
	RegistrationClosed Registration = iota
	// RegistrationVerified lets in everybody who proves an address. New has the Guard refuse all
	// others (latchkey.Guard.RequireVerifiedEmail), whatever the provider does. The provider sends
	// the mails (the tenant's emailConfiguration.verifyEmail), and should issue no tokens for
	// unverified addresses in the first place (unverified.behavior Gated). Nobody learns whether an
	// address has an account: an unverified login is answered like a wrong password, so a page
	// should offer to send the mail again beside its login form.
	RegistrationVerified
	// RegistrationUnverified lets everybody in at once. It reveals to anyone whether an address
	// has an account.
	RegistrationUnverified
)

// Config is what a Handler is made from. Guard, Client and Origin are required.
type Config struct {
	Guard  *latchkey.Guard
	Client *fusionauth.Client // the guard's Provider; its API key needs the calls of this package, see docs/fusionauth.md
	Origin string             // that of the guard

	Registration Registration

	// Issuer is what an authenticator shows beside the user's address; default: the host of Origin.
	Issuer string
	// ClientIP returns the address of the browser; default: the host of RemoteAddr.
	ClientIP func(*http.Request) string

	// Replaces is the Handler that this one replaces when a program reloads its configuration. The
	// new one takes over its counts of attempts and mails. Nil: none.
	Replaces *Handler

	Logger *slog.Logger     // nil: slog.Default()
	Now    func() time.Time // nil: time.Now
}

// Endpoints are what the Client's API key must be allowed to call, beside POST /api/login and
// DELETE /api/jwt/refresh.
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

// A Handler serves the routes. Its methods may be called by many goroutines.
type Handler struct {
	Config
	http.Handler
	paths map[string]bool
	host  string // of the origin, without a port: what passkeys are bound to

	running sync.WaitGroup // calls that no request waits for
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
	h := &Handler{Config: c, host: origin.Hostname(), limits: newLimits()}
	if c.Replaces != nil {
		h.limits, h.Replaces = c.Replaces.limits, nil // or each would keep all earlier ones in memory
	}
	if h.Registration == RegistrationVerified {
		h.Guard.RequireVerifiedEmail()
	}
	h.Handler = h.routes()
	return h, nil
}

// Close waits for what no request waits for: mails to be sent, at most ten seconds each. Requests
// must have ended before.
func (h *Handler) Close() { h.running.Wait() }

// Serves reports whether a path is one of the Handler's.
func (h *Handler) Serves(path string) bool {
	if h.paths[path] {
		return true
	}
	rest, below := strings.CutPrefix(path, "/api/passkeys/")
	id, remove := strings.CutSuffix(rest, "/remove")
	return below && remove && id != "" && !strings.Contains(id, "/")
}

// open are the routes for everybody.
func (h *Handler) open() map[string]http.Handler {
	routes := map[string]http.Handler{
		"/api/register":              wire.Methods{"POST": h.answering(h.register)},
		"/api/verify-email":          wire.Methods{"POST": h.answering(h.verifyEmail)},
		"/api/verify-email/check":    wire.Methods{"POST": h.answering(h.checkVerification)},
		"/api/verify-email/send":     wire.Methods{"POST": h.answering(h.sendVerification)},
		"/api/forgot-password":       wire.Methods{"POST": h.answering(h.forgotPassword)},
		"/api/reset-password/check":  wire.Methods{"POST": h.answering(h.checkReset)},
		"/api/reset-password":        wire.Methods{"POST": h.answering(h.resetPassword)},
		"/api/passkey-login/options": wire.Methods{"POST": h.answering(h.passkeyLoginOptions)},
		"/api/passkey-login":         wire.Methods{"POST": h.answering(h.passkeyLogin)},
	}
	if h.Registration == RegistrationClosed { // still ours: the password of a form goes to no other handler
		routes["/api/register"] = wire.Of(wire.CodeNotFound)
	}
	return routes
}

// own are the routes for users who are logged in.
func (h *Handler) own() map[string]wire.Methods {
	return map[string]wire.Methods{
		"/api/password":             {"POST": h.answering(h.changePassword)},
		"/api/factors":              {"GET": h.answering(h.factors)},
		"/api/authenticator/secret": {"POST": h.answering(h.authenticatorSecret)},
		"/api/authenticator":        {"POST": h.answering(h.enableAuthenticator)},
		"/api/authenticator/remove": {"POST": h.answering(h.removeAuthenticator)},
		"/api/recovery-codes":       {"POST": h.answering(h.recoveryCodes)},
		"/api/passkeys/options":     {"POST": h.answering(h.passkeyOptions)},
		"/api/passkeys":             {"POST": h.answering(h.addPasskey)},
		"/api/passkeys/{id}/remove": {"POST": h.answering(h.removePasskey)},
	}
}

func (h *Handler) routes() http.Handler {
	mux := http.NewServeMux()
	h.paths = make(map[string]bool)
	for path, methods := range h.open() {
		h.paths[path] = true
		mux.Handle(path, h.Guard.Identify(h.Guard.LoginRoute(private(methods)))) // which refuse other origins
	}
	for path, methods := range h.own() {
		h.paths[path] = true
		mux.Handle(path, h.Guard.Protect(h.Guard.LoginRoute(private(methods))))
	}
	mux.Handle("/", wire.Of(wire.CodeNotFound))
	return mux
}

// private marks answers that nobody may keep.
func private(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		next.ServeHTTP(w, r)
	})
}
