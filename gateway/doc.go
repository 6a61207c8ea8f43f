// Package gateway puts the login of package latchkey in front of apps in any language: a reverse proxy that keeps the sessions, tells the
// app who is asking, and serves the page.
//
// # The life of a request
//
//  1. The Host names the app. A request whose host, method or path leaves room for two readings is refused before anybody asks who sent it.
//  2. /api/user, /api/login, /api/logout and /api/sessions are the guard's own.
//  3. A file of the page is answered from the page's folder, to everybody. So is a navigation to a path that is no file and none of the API's.
//  4. Everything else goes to the app behind: with a login where [App.Protect] says so, else with the user where there is one.
//     All that a client says about who it is or where it comes from is removed first, and our cookies with it.
//  5. Answers stream through. A WebSocket, and every other answer without a length, is cut off when its session ends on whichever node that
//     happens, and at the latest after one Login.SessionCap: whoever goes on then opens it again, with the cookies of the day.
//
// # Where to read
//
// path.go decides what a path means and rules.go who may ask for it; header.go and forwarded.go what a client may say. app.go finds the
// way of a request, proxy.go walks it, stream.go cuts what outlives its session, and page.go serves files.
package gateway
