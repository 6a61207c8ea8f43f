// Package latchkey adds logins and sessions to single-page apps: the app's own login form, sessions
// on the server, and two HttpOnly cookies. An identity provider checks the passwords; see package
// fusionauth.
//
// # The life of a session
//
//  1. The page posts e-mail and password to /api/login. The guard asks the provider, which returns
//     the user, a JWT and a refresh token.
//  2. The guard stores a session [Record] and sets two cookies. The session cookie names the
//     session and is valid for a short time. The refresh cookie holds the provider's refresh token,
//     sealed: only this app can use it.
//  3. A request with a live session cookie is served, and extends the session. That costs one read
//     of the [Store] and no write.
//  4. When the session id has expired, by idleness or age, the next request is still served. Within
//     that request the guard trades the refresh token at the provider, and the response sets two
//     new cookies. Concurrent requests wait for the same refresh.
//  5. If the provider refuses, the session ends: the page gets 401 and shows its login form. If the
//     provider or the store is unavailable, the response is 503 and nothing ends.
//  6. /api/logout ends the session. Its record remains as a tombstone, so that no copy of the
//     cookies brings it back.
//
// # Where to read
//
// internal/rotation decides what cookies may do, and nothing else does. internal/cookie is their
// format. Of this package:
//
//   - protect.go and authenticate.go: from a request's cookies (candidate.go) to a verdict
//     (verdict.go), which refresh.go carries out, and to new cookies (cookie.go)
//   - login.go, begin.go and end.go: how sessions begin and end
//   - ledger.go: what the store says, corrected by what this node knows (pending.go, notbefore.go);
//     background.go and finish.go do the work that no request waits for
//   - binding.go, dbscroutes.go, devicerefresh.go and keyproof.go: sessions that are bound to a key
//     of their browser (docs/device-binding.md), in the wire format of package dbsc
//   - store.go and provider.go: the contracts of a [Store] and a [Provider]
//
// # Setup
//
// [New] takes a [Config] and reports all mistakes in it. [Guard.Handler] serves the routes of
// docs/http.md. [Guard.Protect] wraps handlers that need a login, [Guard.Require] those that demand
// more, and [Guard.Identify] those that work without one. Handlers get the session from [From]. All
// of them refuse state-changing requests from other origins.
package latchkey
