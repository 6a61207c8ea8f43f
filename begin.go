package latchkey

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"sync/atomic"

	"github.com/latchkey-dev/latchkey/internal/wire"
)

// Mistakes of the program that calls Begin.
var (
	errNoLoginRoute    = &Problem{Code: wire.CodeInternalError, Detail: "Begin: the handler is not behind Guard.LoginRoute"}
	errResponseStarted = &Problem{Code: wire.CodeInternalError, Detail: "Begin: the response has started, and its cookies would not arrive"}
)

// LoginRoute wraps a handler that calls Begin: the callback of an OpenID Connect login, for example.
// It watches the response, because nothing else can tell Begin whether the headers have been sent,
// and it keeps a response with new cookies out of every cache, whatever next says. A state-changing
// request from another origin is answered with 403 before next has used up anything.
func (g *Guard) LoginRoute(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !g.allowOrigin(w, r) {
			return
		}
		watched := &watchedWriter{ResponseWriter: w}
		next.ServeHTTP(watched, r.WithContext(context.WithValue(r.Context(), loginRouteKey{g}, watched)))
	})
}

// loginRouteKey finds the watchedWriter of a guard's LoginRoute.
type loginRouteKey struct{ *Guard }

// Begin starts a session for a user who has proved who they are by other means than the login form:
// by OpenID Connect, a link in a mail, or a passkey. It ends the session that the browser had before,
// sets the cookies, and leaves the response to the caller. remember says whether the login outlives
// the browser.
//
// The grant must answer this very request. A link or a callback that any browser could use must be
// bound to the one that asked for it, by state, nonce or a cookie: else an attacker can log a victim
// into the attacker's account (RFC 9700, section 4.7).
//
// After an error no cookie is set and nobody is logged in: the handler is not behind LoginRoute, the
// response has started, the request comes from another origin, the guard does not admit the user, or
// the session cannot be stored. The grant's refresh token is revoked then. WriteError answers as
// ServeLogin does.
//
// The cookies are SameSite=Strict by default. A browser that follows a link of another site to a
// callback accepts them, and sends them with the first request of the page, but not yet while it
// follows the redirect that the callback answers. Pages that the server renders for who is logged in
// need Config.SameSiteLax for that.
func (g *Guard) Begin(w http.ResponseWriter, r *http.Request, grant Grant, remember bool) (*Session, error) {
	device := g.device(r)
	watched, err := g.mayBegin(r)
	if err != nil {
		g.Discard(grant)
	} else if err = checkGrant(grant, nil); err == nil {
		err = g.accept(r.Context(), grant)
	}
	if err != nil {
		g.loginFailed(r, device, err)
		return nil, err
	}
	rec, err := g.startSession(w, r, grant, device, remember)
	if err != nil {
		return nil, err
	}
	watched.uncached.Store(true)
	if remember {
		g.renewBrowser(w, r.Header, rec.User.ID)
	}
	session := newSession(rec, g.access, nil)
	return &session, nil
}

// mayBegin returns the writer that watches the response to a request with which a session may begin.
func (g *Guard) mayBegin(r *http.Request) (*watchedWriter, error) {
	watched, _ := r.Context().Value(loginRouteKey{g}).(*watchedWriter)
	switch {
	case watched == nil:
		return nil, errNoLoginRoute
	case watched.started.Load():
		return nil, errResponseStarted
	case !sameOrigin(r.Method, r.Header, g.origin):
		g.logOrigin(r)
		return nil, &Problem{Code: wire.CodeCrossOrigin}
	}
	return watched, nil
}

var noStore = []string{"no-store"}

// A watchedWriter knows whether the response has started, and keeps one that brings new cookies out
// of every cache. Handlers that stream look for Flush and Hijack by type assertion, and must find
// them although this request happened to bring new cookies.
type watchedWriter struct {
	http.ResponseWriter
	uncached atomic.Bool
	started  atomic.Bool // atomic: http.TimeoutHandler answers beside the handler
}

// uncached keeps the response out of every cache.
func uncached(w http.ResponseWriter) http.ResponseWriter {
	watched := &watchedWriter{ResponseWriter: w}
	watched.uncached.Store(true)
	return watched
}

// start is called before the headers are sent.
func (w *watchedWriter) start() {
	w.started.Store(true)
	if w.uncached.Load() {
		w.Header()["Cache-Control"] = noStore // too late if they were sent, and then done already
	}
}

// WriteHeader starts the response, unless the status is informational.
func (w *watchedWriter) WriteHeader(status int) {
	if status >= http.StatusOK || status == http.StatusSwitchingProtocols {
		w.start()
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *watchedWriter) Write(b []byte) (int, error) {
	w.start()
	return w.ResponseWriter.Write(b)
}

func (w *watchedWriter) Flush() {
	w.start()
	http.NewResponseController(w.ResponseWriter).Flush() // a writer that cannot is as good as one that has
}

func (w *watchedWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	w.started.Store(true)
	return http.NewResponseController(w.ResponseWriter).Hijack()
}

// Unwrap is for http.ResponseController.
func (w *watchedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
