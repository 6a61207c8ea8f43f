// Package gateway puts the login of package latchkey in front of apps in any language: a reverse
// proxy that keeps the sessions, tells the app who the user is, and serves the page.
//
// # The life of a request
//
//  1. The Host names the app. A request whose host, target, method or headers are ambiguous is
//     refused before anything asks who sent it.
//  2. /api/user, /api/login, /api/logout, /api/sessions, and the two routes below /api/dbsc/ belong
//     to the guard (Login.BasePath, if it is not /api); so do the account routes if an app has
//     them, and everything below /.latchkey/.
//  3. A file of the page is served from the page's folder, to everyone. Its index.html also answers
//     navigations to paths that are neither files nor the API's.
//  4. Everything else goes to the app: with a login if [App.Protect] requires it, and otherwise
//     with the user if there is one. Everything that a client claims about who it is or where it
//     comes from is removed first, and our cookies with it.
//  5. Responses stream through. A WebSocket, and every other response without a length, is cut when
//     its session ends, on whichever node that happens, and at the latest after one
//     Login.SessionCap: the client then reconnects with its current cookies.
//
// # Where to read
//
// gateway.go finds the app, path.go decides what a path means, and rules.go whether it needs a
// login. identity.go, header.go, cookie.go, headersize.go and forwarded.go restrict what a client
// may send. app.go routes a request, proxy.go carries it out, transport.go has the connections to
// the app, answer.go and location.go handle the response. stream.go cuts what outlives its session,
// devicebinding.go has what differs for a session that is bound to a device, and page.go, hashed.go
// and dir.go serve files.
package gateway
