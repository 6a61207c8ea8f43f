// Package latchkey gives a single-page app a login of its own: a form of the app, a session on the server, and two cookies that no
// JavaScript can read. The password is checked by an identity provider; see package fusionauth.
//
// # The life of a login
//
//  1. The page posts e-mail and password to /api/login. The guard asks the provider, which answers with the user, a JWT and a refresh token.
//  2. The guard stores a session [Record] and sets two cookies. The session cookie names the session and is good for a short while.
//     The refresh cookie holds the provider's refresh token, sealed: it is worthless anywhere but here.
//  3. Each request with a live session cookie is served, and extends it. That costs one read of the [Store] and no write.
//  4. When it has expired, unused for too long or simply old, the next request is still served: the guard trades the refresh token at
//     the provider for a new one, inside that request, and sets two new cookies with the answer. Requests that come at the same
//     time wait for the same refresh.
//  5. When the provider refuses, the session ends, and the page gets 401 and shows its form. When the provider or the store cannot be
//     asked, the answer is 503 and nothing ends.
//  6. /api/logout ends the session. The record stays as a tombstone, so that no copy of the cookies brings it back.
//
// # Where to read
//
// internal/rotation decides what a cookie may do, and nothing else does; internal/cookie is how the
// cookies are written. authenticate.go and refresh.go carry out what is decided, login.go and logout.go
// are the two ends. A [Store] keeps records and compares versions; it has no clock and nothing that would make a cookie.
//
// # Setting up
//
// [New] takes a [Config] and reports every mistake in it. [Guard.Handler] serves the routes of docs/http.md, [Guard.Protect] stands in front of
// handlers that need a login, [Guard.Identify] in front of those that only want to know, and both find the session with [From].
// State-changing requests from other origins are refused by all of them.
package latchkey
