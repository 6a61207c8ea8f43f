package latchkey

import (
	"context"
	"net/http"

	"github.com/latchkey-dev/latchkey/internal/wire"
)

// Bugs of the program that calls Begin.
var (
	errNoLoginRoute    = &Problem{Code: wire.CodeInternalError, Detail: "Begin: the handler is not behind Guard.LoginRoute"}
	errResponseStarted = &Problem{Code: wire.CodeInternalError, Detail: "Begin: the response has started, and its cookies would not arrive"}
	errBegunBefore     = &Problem{Code: wire.CodeInternalError, Detail: "Begin: this response has the cookies of another session"}
)

// LoginRoute wraps a handler that calls Begin, such as the callback of an OpenID Connect login. It
// watches the response, so that Begin knows whether the headers have been sent, and keeps responses
// with new cookies out of all caches, whatever next sets. State-changing requests from another
// origin get 403 before they reach next, which might otherwise consume a code.
func (g *Guard) LoginRoute(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !g.origin.allow(w, r) {
			return
		}
		watched := wire.Watch(w)
		defer watched.Finish()
		next.ServeHTTP(watched, r.WithContext(context.WithValue(r.Context(), loginRouteKey{g}, watched)))
	})
}

// loginRouteKey finds the WatchedWriter of a guard's LoginRoute.
type loginRouteKey struct{ *Guard }

// Begin starts a session for a user who has authenticated by other means than the login form: by
// OpenID Connect, a link in a mail, or a passkey. It ends the session that the browser had before,
// sets the cookies, and leaves the response to the caller. If remember is set, the login outlives
// the browser.
//
// The grant must belong to this request. A link or a callback that any browser could use must be
// bound to the browser that asked for it, by state, nonce or a cookie: otherwise an attacker can
// log a victim into the attacker's account (RFC 9700, section 4.7).
//
// Begin fails if the handler is not behind LoginRoute, the response has started or already has a
// session, the request comes from another origin, the guard does not admit the user, or the session
// cannot be stored. Then no cookie is set, no session starts, and the grant's refresh token is
// revoked. WriteError responds to the error as ServeLogin does.
//
// The cookies are SameSite=Strict by default. A browser that comes to a callback from another site
// accepts them, and sends them with the first request of the page, but not while it follows the
// callback's own redirect. Server-rendered pages need Config.SameSiteLax for that. Such a callback
// does not receive the browser's previous cookies either: they are replaced, but their session does
// not end.
func (g *Guard) Begin(w http.ResponseWriter, r *http.Request, grant Grant, remember bool) (*Session, error) {
	device := g.config.device(r)
	watched, err := g.mayBegin(r)
	if err == nil {
		err = checkGrant(grant)
	}
	if err != nil {
		g.Discard(grant)
	} else {
		err = g.accept(r.Context(), grant)
	}
	if err != nil {
		g.loginFailed(r.Context(), device, err)
		return nil, err
	}
	rec, err := g.startSession(w, r, grant, device, remember)
	if err != nil {
		return nil, err
	}
	watched.KeepUncached()
	if remember {
		g.browsers.renew(w, r.Header, rec.User.ID)
	}
	session := newSession(rec, g.rules.holdsToKey(rec), g.recordJWT, nil)
	return &session, nil
}

// mayBegin returns the writer that watches the response, if a session may begin with it.
func (g *Guard) mayBegin(r *http.Request) (*wire.WatchedWriter, error) {
	watched, _ := r.Context().Value(loginRouteKey{g}).(*wire.WatchedWriter)
	switch {
	case watched == nil:
		return nil, errNoLoginRoute
	case watched.Started():
		return nil, errResponseStarted
	case watched.IsUncached():
		return nil, errBegunBefore
	case !g.origin.same(r):
		return nil, &Problem{Code: wire.CodeCrossOrigin}
	}
	return watched, nil
}
