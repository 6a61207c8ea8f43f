package latchkey

import (
	"context"
	"net/http"

	"github.com/latchkey-dev/latchkey/internal/wire"
)

// Mistakes of the program that calls Begin.
var (
	errNoLoginRoute    = &Problem{Code: wire.CodeInternalError, Detail: "Begin: the handler is not behind Guard.LoginRoute"}
	errResponseStarted = &Problem{Code: wire.CodeInternalError, Detail: "Begin: the response has started, and its cookies would not arrive"}
	errBegunBefore     = &Problem{Code: wire.CodeInternalError, Detail: "Begin: this response has the cookies of another session"}
)

// LoginRoute wraps a handler that calls Begin: the callback of an OpenID Connect login, for
// example. It watches the response, because nothing else can tell Begin whether the headers have
// been sent, and it keeps a response with new cookies out of every cache, whatever next says. A
// state-changing request from another origin is answered with 403 before next has used up anything.
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

// Begin starts a session for a user who has proved who they are by other means than the login form:
// by OpenID Connect, a link in a mail, or a passkey. It ends the session that the browser had
// before, sets the cookies, and leaves the response to the caller. remember says whether the login
// outlives the browser.
//
// The grant must answer this very request. A link or a callback that any browser could use must be
// bound to the one that asked for it, by state, nonce or a cookie: else an attacker can log a
// victim into the attacker's account (RFC 9700, section 4.7).
//
// After an error no cookie is set and no session has begun: the handler is not behind LoginRoute,
// the response has started or has brought a session already, the request comes from another origin,
// the guard does not admit the user, or the session cannot be stored. The grant's refresh token is
// revoked then. WriteError answers as ServeLogin does.
//
// The cookies are SameSite=Strict by default. A browser that follows a link of another site to a
// callback accepts them, and sends them with the first request of the page, but not yet while it
// follows the redirect that the callback answers. Pages that the server renders for who is logged
// in need Config.SameSiteLax for that. Nor does such a callback get the cookies from before: the
// session that the browser had is not ended then, though its cookies are replaced.
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
	session := newSession(rec, g.access, nil)
	return &session, nil
}

// mayBegin returns the writer that watches the response to a request with which a session may
// begin.
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
