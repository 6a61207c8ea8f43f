// Package dbsc is the wire format of Device Bound Session Credentials (DBSC), by which a browser
// proves again and again that it holds the key that its session is bound to
// (https://w3c.github.io/webappsec-dbsc/).
//
// A server offers to bind a session with an [Offer] in a response. The browser makes a key and
// posts a [Registration]; the server stores its [Key] and answers with [Instructions]. They name a
// short-lived cookie. When that is about to run out, or has, the browser posts a [Proof] that it
// still has the key, for a [Challenge] of the server's, and gets a new cookie.
//
// The package keeps no state and decides nothing: challenges, cookies and storage are the server's.
// Parsing and verification are separate steps, so that a server can look at the challenge before it
// pays for checking a signature. Parsers are strict where a signature depends on them, and read
// what browsers send: today that is Chromium.
//
// Package dbsctest has the browser's half, for tests.
package dbsc
