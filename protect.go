package latchkey

import (
	"context"
	"net/http"

	"github.com/latchkey-dev/latchkey/internal/crossorigin"
	"github.com/latchkey-dev/latchkey/internal/wire"
)

// Handler serves, below Config.BasePath, GET /user, POST /login, POST /logout, GET and DELETE
// /sessions, DELETE /sessions/{id}, POST /dbsc/register and POST /dbsc/refresh. All other paths are
// 404. An app that wants different paths mounts ServeUser, ServeLogin, ServeLogout and
// ServeSessions itself, and ServeDeviceRegistration and ServeDeviceRefresh at these paths.
func (g *Guard) Handler() http.Handler {
	mux, base := http.NewServeMux(), g.config.BasePath
	mux.HandleFunc(base+"/user", g.ServeUser)
	mux.HandleFunc(base+"/login", g.ServeLogin)
	mux.HandleFunc(base+"/logout", g.ServeLogout)
	mux.HandleFunc(base+registrationPath, g.ServeDeviceRegistration)
	mux.HandleFunc(base+deviceRefreshPath, g.ServeDeviceRefresh)
	mux.HandleFunc(base+"/sessions", g.ServeSessions)
	mux.HandleFunc(base+"/sessions/{id}", g.ServeSessions)
	mux.Handle("/", wire.Of(wire.CodeNotFound))
	return mux
}

// BasePath returns Config.BasePath without a trailing slash, so that a route can be appended.
func (g *Guard) BasePath() string { return g.config.BasePath }

// Protect passes only requests with a login to next, which gets the session from From. An expired
// session is refreshed first. Other requests get 401 login_required, or 503 if the provider or the
// store is unavailable. State-changing requests from another origin get 403. Responses are no-store
// unless next sets something else.
//
// Protect itself answers some requests with a 307 to the same URL, and a cookie. This happens if
// the cookies of a request are older than the browser's should be, and the guard must know which
// ones the browser has by now (docs/rotation.md). Browsers follow the redirect with the same method
// and body. Other clients must keep cookies and follow redirects. A body that cannot be sent twice
// and a WebSocket handshake fail once.
func (g *Guard) Protect(next http.Handler) http.Handler {
	return g.Require(Requirements{})(next)
}

// Require is Protect for routes that demand more than a login. The first of these checks that fails
// decides the response:
//
//  1. a request from another origin: 403 cross_origin
//  2. the provider or the store is unavailable: 503 provider_unavailable
//  3. no login: 401 login_required. No proof of the key to which the session is bound: 401
//     device_proof_required, or 503 device_proof_delayed
//  4. none of the roles: 403 role_required
//  5. the login is too old: 401 reauthentication_required. The page shows its login form, then
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
				g.cookies.challenge(w, r, found.again)
				return
			case found.kind != outcomeServed:
				g.refuse(w, r, found, found.problem(wire.CodeLoginRequired))
				return
			}
			if unmet := need.unmet(found.record, g.now); unmet != nil {
				g.refuse(w, r, found, unmet)
				return
			}
			g.serve(w, r, found, next)
		})
	}
}

// Identify passes requests to next with or without a login; next gets the session from From, if
// there is one. If the provider or the store is unavailable, there is none. State-changing requests
// from another origin get 403. Identify itself answers some requests with 307; see Protect.
func (g *Guard) Identify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !g.origin.allow(w, r) {
			return
		}
		found := g.authenticate(r)
		switch {
		case found.kind == outcomeAsked:
			g.cookies.challenge(w, r, found.again)
		case found.kind != outcomeServed:
			next.ServeHTTP(w, r)
		default:
			g.serve(w, r, found, next)
		}
	})
}

// serve sets the cookies and passes the request, with its session, to next. It wraps the
// ResponseWriter only if there are new cookies, which no cache may store, whatever next sets.
func (g *Guard) serve(w http.ResponseWriter, r *http.Request, found authOutcome, next http.Handler) {
	wire.NoStore(w)
	if g.cookies.renew(w, &found) {
		uncached := wire.Uncached(w)
		defer uncached.Finish()
		w = uncached
	}
	ctx := &sessionContext{Context: r.Context(), session: newSession(found.record, g.rules.holdsToKey(found.record), g.recordJWT, found.token)}
	ctx.session.fresh = found.fresh
	if found.refreshing != nil {
		rec, refreshing := found.record, found.refreshing
		ctx.session.fresh = func(ctx context.Context) (*Record, error) { return g.freshRecord(ctx, rec, refreshing) }
	}
	next.ServeHTTP(w, r.WithContext(ctx))
}

// refuse responds to a request that Require does not pass.
func (g *Guard) refuse(w http.ResponseWriter, r *http.Request, found authOutcome, problem *Problem) {
	refusal := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if g.config.RefuseNavigation != nil && crossorigin.Navigates(r.Header) {
			g.config.RefuseNavigation(w, r, problem)
			return
		}
		WriteError(w, problem)
	})
	if found.kind == outcomeServed { // its new cookies must arrive nevertheless
		g.serve(w, r, found, refusal)
		return
	}
	wire.NoStore(w)
	g.cookies.change(w, found.again)
	if problem.Code == wire.CodeDeviceProofRequired && fromElsewhere(r) {
		reloadOnce(w)
		return
	}
	refusal.ServeHTTP(w, r)
}

// ServeUser handles GET. It responds with 200 {"user": {…}}, or 404 not_logged_in.
func (g *Guard) ServeUser(w http.ResponseWriter, r *http.Request) {
	if !wire.AllowMethods(w, r, http.MethodGet, http.MethodHead) {
		return
	}
	found := g.authenticate(r)
	if found.kind != outcomeServed {
		g.cookies.answerNobody(w, r, found, wire.CodeNotLoggedIn)
		return
	}
	g.cookies.renew(w, &found)
	writeUser(w, found.record.User)
}
