package latchkey

import (
	"context"
	"net/http"

	"github.com/latchkey-dev/latchkey/internal/crossorigin"
	"github.com/latchkey-dev/latchkey/internal/wire"
)

// Handler serves, below Config.BasePath, GET /user, POST /login, POST /logout, GET and DELETE
// /sessions, and DELETE /sessions/{id}. Every other path is 404. An app that wants other paths mounts
// ServeUser, ServeLogin, ServeLogout and ServeSessions itself.
func (g *Guard) Handler() http.Handler {
	mux, base := http.NewServeMux(), g.config.BasePath
	mux.HandleFunc(base+"/user", g.ServeUser)
	mux.HandleFunc(base+"/login", g.ServeLogin)
	mux.HandleFunc(base+"/logout", g.ServeLogout)
	mux.HandleFunc(base+"/sessions", g.ServeSessions)
	mux.HandleFunc(base+"/sessions/{id}", g.ServeSessions)
	mux.Handle("/", wire.Of(wire.CodeNotFound))
	return mux
}

// BasePath returns Config.BasePath without a slash at its end, so that a route can be appended.
func (g *Guard) BasePath() string { return g.config.BasePath }

// Protect lets only requests with a login through to next, which finds the session with From. It
// refreshes an expired session first. The other requests are refused with 401 login_required, or with
// 503 if the provider or the store cannot be asked. State-changing requests from another origin get
// 403. A response is marked no-store unless next says otherwise.
//
// Protect answers some requests itself with 307, to the very same place and with a cookie: those with
// the cookies of an earlier generation, when the guard must know which cookies the browser has by now
// (docs/rotation.md). Browsers follow by themselves, with the same method and body. Clients that are
// no browsers must keep cookies and follow redirects; a body that cannot be sent twice and a WebSocket
// handshake fail once.
func (g *Guard) Protect(next http.Handler) http.Handler {
	return g.Require(Requirements{})(next)
}

// Require is Protect for routes that ask for more than a login. The checks come in this order, and
// the first that fails is the answer:
//
//  1. a request from another origin: 403 cross_origin
//  2. the provider or the store cannot be asked: 503 provider_unavailable
//  3. no login: 401 login_required
//  4. none of the roles: 403 role_required
//  5. the login is too old: 401 reauthentication_required. The page shows its form, logs in again, and
//     repeats the request.
//
// Roles are as of the last refresh, at most Config.SessionCap ago.
func (g *Guard) Require(need Requirements) func(next http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !g.origin.allow(w, r) {
				return
			}
			found := g.authenticate(r)
			switch {
			case found.kind == outcomeAsked:
				g.cookies.challenge(w, r, found.echo)
				return
			case found.kind != outcomeServed:
				g.refuse(w, r, found, found.problem(wire.CodeLoginRequired))
				return
			}
			if unmet := need.unmet(found.record, g.now()); unmet != nil {
				g.refuse(w, r, found, unmet)
				return
			}
			g.serve(w, r, found, next)
		})
	}
}

// Identify lets requests through to next with a login or without, and next learns with From who asks,
// if anyone. If the provider or the store cannot be asked, that is nobody. State-changing requests
// from another origin get 403. Some requests it answers itself, with 307: see Protect.
func (g *Guard) Identify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !g.origin.allow(w, r) {
			return
		}
		found := g.authenticate(r)
		switch {
		case found.kind == outcomeAsked:
			g.cookies.challenge(w, r, found.echo)
		case found.kind != outcomeServed:
			next.ServeHTTP(w, r)
		default:
			g.serve(w, r, found, next)
		}
	})
}

// serve does all that belongs to the session before next writes its first byte. It wraps the
// ResponseWriter only if there are new cookies: those must not be stored on the way, whatever next
// says about its response.
func (g *Guard) serve(w http.ResponseWriter, r *http.Request, found authOutcome, next http.Handler) {
	wire.NoStore(w)
	if found.cookies != nil {
		g.cookies.set(w, found.cookies)
		uncached := wire.Uncached(w)
		defer uncached.Finish()
		w = uncached
	}
	ctx := &sessionContext{Context: r.Context(), session: newSession(found.record, g.access, found.token)}
	ctx.session.fresh = found.fresh
	if found.renewal != nil {
		rec, renewal := found.record, found.renewal
		ctx.session.fresh = func(ctx context.Context) (*Record, error) { return g.freshRecord(ctx, rec, renewal) }
	}
	next.ServeHTTP(w, r.WithContext(ctx))
}

// refuse answers a request that Require does not let through.
func (g *Guard) refuse(w http.ResponseWriter, r *http.Request, found authOutcome, problem *Problem) {
	refusal := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if g.config.RefuseNavigation != nil && crossorigin.Navigates(r.Header) {
			g.config.RefuseNavigation(w, r, problem)
			return
		}
		WriteError(w, problem)
	})
	if found.kind == outcomeServed { // its new cookies must arrive all the same
		g.serve(w, r, found, refusal)
		return
	}
	wire.NoStore(w)
	refusal.ServeHTTP(w, r)
}

// ServeUser answers GET with the user who is logged in: 200 {"user": {…}}, or 404 not_logged_in.
func (g *Guard) ServeUser(w http.ResponseWriter, r *http.Request) {
	if !wire.AllowMethods(w, r, http.MethodGet, http.MethodHead) {
		return
	}
	found := g.authenticate(r)
	if found.kind != outcomeServed {
		g.cookies.answerNobody(w, r, found, wire.CodeNotLoggedIn)
		return
	}
	if found.cookies != nil {
		g.cookies.set(w, found.cookies)
	}
	writeUser(w, found.record.User)
}
