package latchkey

import (
	"crypto/subtle"
	"net/http"

	"github.com/latchkey-dev/latchkey/internal/cookie"
	"github.com/latchkey-dev/latchkey/internal/rotation"
	"github.com/latchkey-dev/latchkey/internal/wire"
)

// A request shows what the browser had when it was sent, and it may have been in flight for longer
// than any window. If more must be known, the guard sends a challenge: a 307 to the same URL, with
// a cookie that names the branch. An honest browser comes back with the cookies that it has by now.
// A client that comes back with the same cookies and this echo of them has no others: either the
// browser kept this branch (rule 2) or, if it is stale, it was stolen (rule 6).
//
// The echo is no secret to anyone who has the cookie that it is about, and useless to anyone else.
// It ends with the browser.
const echoCookieName = "__Host-echo"

// echo is the cookie's value: the question, and the branch that it is about. The answer to one
// question does not count for the other: a late request may have the echo of a branch that was kept
// then, and is stale now.
func echo(q rotation.Question, b cookie.Branch) string {
	d := b.Digest()
	return string(rune(q)) + cookie.Encoding.EncodeToString(d[:])
}

// answered returns the question about the branch that the request answers; 0 if none.
func answered(h http.Header, b cookie.Branch) rotation.Question {
	got := cookie.Value(h, echoCookieName)
	for _, q := range [...]rotation.Question{rotation.WhetherKept, rotation.WhetherStale} {
		if got != "" && subtle.ConstantTimeCompare([]byte(got), []byte(echo(q, b))) == 1 {
			return q
		}
	}
	return 0
}

// challenge sends the challenge. Its Location is relative to the URL that the browser sees, because
// a proxy may have stripped part of the path.
func (c *cookies) challenge(w http.ResponseWriter, r *http.Request, echo string) {
	c.write(w, echoCookieName, echo, 0)
	wire.NoStore(w)
	w.Header().Set("Location", "?"+r.URL.RawQuery)
	// with the same method and body (RFC 9110, section 15.4.8)
	w.WriteHeader(http.StatusTemporaryRedirect)
}
