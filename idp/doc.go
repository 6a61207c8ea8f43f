// Package idp is an identity provider that runs inside your program and speaks FusionAuth's HTTP
// API, as far as a login form needs it. A program that works with it works with a real FusionAuth
// after a change of URL and API key.
//
// [Open] returns a [Server], which is an http.Handler over a SQLite file, a PostgreSQL database
// that several nodes share, or memory. docs/openapi.yaml describes all that it serves, and
// docs/fusionauth-compatibility.md where that differs from FusionAuth. Logins need these:
//
//	POST   /api/login                       password to JWT and refresh token   API key
//	POST   /api/jwt/refresh                 refresh token to JWT
//	POST   /oauth2/token                    the same, for an OAuth client       client secret
//	POST   /api/logout                      ends one login, or all of its user's
//	GET    /.well-known/jwks.json           the keys behind the JWTs
//
// Applications, API keys and users are created over HTTP or through the methods of Server; the
// first API key through the latter.
//
// # The life of a login
//
//  1. A backend posts loginId, password and applicationId to /api/login. The password is hashed in
//     a pool of bounded size; beyond its queue the answer is 503 at once. An unknown user costs as
//     much as a known one.
//  2. A row for this login, its family of refresh tokens, is stored, and the backend gets a JWT and
//     the first refresh token.
//  3. The backend presents the refresh token and gets a new JWT and the next refresh token. Values
//     are not stored: each carries the family's id, a counter and a MAC, and the row has the
//     highest counter presented.
//  4. The predecessor stays good until its successor is first presented, and answers that same
//     successor, so a lost answer costs nothing. After that it is spent: refused, and logged as
//     reuse.
//  5. Logout, a changed password, a lock, or time ends the family. Then its tokens are refused for
//     good.
//
// # Where it differs from FusionAuth
//
// /api/jwt/refresh answers 404 to a genuine refresh token that is dead, and 400 to everything else;
// FusionAuth answers 400 to both. Refresh tokens are one-time and slide up to a maximum by default.
// Only a caller who knows the password learns that an account is locked or expired (423, 410).
// /api/login always needs an API key. No cookies are set or read, since the caller is a backend.
// The password grant is off until an application enables it: the first-party login API is the place
// for passwords. X-Forwarded-For is ignored; a backend names its user's address in ipAddress. JWTs
// are signed with ES256.
//
// # Errors
//
// Every answer but 2xx is empty or JSON, in FusionAuth's shape under /api and in OAuth's under
// /oauth2. 4xx is about the request. 503 with Retry-After means too many passwords at once. 500 is
// a fault of the database, and is explained in the log only.
//
// # Where to read
//
// routes.go lists the calls, login.go is the most important one, and answers.go turns errors into
// answers. A subject X (user, tenant, application, registration, role, API key, passkey, webhook,
// refresh token) has up to five kinds of files:
//
//	X.go        what it is, and its rules
//	Xapi.go     the calls over HTTP
//	Xjson.go    its form on the wire
//	Xrows.go    its rows in the database
//	Xadmin.go   the methods of Server, for Go programs and the command line
//
// A longer step has a file of its own, named after it: userimport.go, usersearch.go,
// passkeystart.go, recordlogin.go, rotate.go.
//
// Mechanisms that know nothing of users and logins are packages under internal: database, fusion
// (the HTTP dialect), jsonpatch, outbox (webhooks), password, refreshtoken, signing (JWT keys),
// totp and webauthn.
package idp
