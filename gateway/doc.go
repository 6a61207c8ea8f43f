// Package gateway puts the login of package latchkey in front of apps in any language: a reverse proxy that keeps the sessions, tells the
// app who is asking, and serves the page.
//
// # The life of a request
//
//  1. The Host names the app. A request whose host, target, method or headers leave room for two
//     readings is refused before anybody asks who sent it.
//  2. /api/user, /api/login, /api/logout and /api/sessions are the guard's own; so are the account routes
//     where an app has them, and everything below /.latchkey/.
//  3. A file of the page is answered from the page's folder, to everybody. So is a navigation to a path
//     that is no file and none of the API's.
//  4. Everything else goes to the app behind: with a login where [App.Protect] says so, else with the
//     user where there is one. All that a client says about who it is or where it comes from is removed
//     first, and our cookies with it.
//  5. Answers stream through. A WebSocket, and every other answer without a length, is cut off when its
//     session ends on whichever node that happens, and at the latest after one Login.SessionCap: whoever
//     goes on then opens it again, with the cookies of the day.
//
// # Where to read
//
// gateway.go finds the app, path.go decides what a path means, and rules.go who may ask for it.
// identity.go, header.go, cookie.go, headersize.go and forwarded.go say what a client may say. app.go
// finds the way of a request, proxy.go walks it, transport.go has the connections to the app, answer.go
// and location.go what comes back. stream.go cuts what outlives its session, and page.go, hashed.go and
// dir.go serve files.
package gateway
