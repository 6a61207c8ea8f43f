package latchkey

import (
	"crypto/subtle"
	"net/http"

	"github.com/latchkey-dev/latchkey/internal/cookie"
	"github.com/latchkey-dev/latchkey/internal/rotation"
	"github.com/latchkey-dev/latchkey/internal/wire"
)

// A request says what the browser had when it was sent, and it may have been under way for longer
// than any window. If more depends on it, the browser is asked: 307 to the same place, with a cookie
// that names the branch that it showed. An honest browser comes back with the cookies that it has by
// now. One that comes back with the same cookies and this echo of them has no others: then the branch
// is the one that was kept (rule 2) or, if it is stale, that is theft (rule 6).
//
// The echo is no secret to those who have the cookie that it is about, and worth nothing to anybody
// else. It ends with the browser.
const echoCookieName = "__Host-echo"

// echo is what the cookie says: the question, and the branch that it is about. An answer to one
// question is none to the other: a late request may carry the echo of a branch that was kept then,
// and is stale now.
func echo(q rotation.Question, b cookie.Branch) string {
	d := b.Digest()
	return string(rune(q)) + cookie.Encoding.EncodeToString(d[:])
}

// answered returns the question about the branch that the request answers; 0: none.
func answered(h http.Header, b cookie.Branch) rotation.Question {
	got := cookie.Value(h, echoCookieName)
	for _, q := range [...]rotation.Question{rotation.WhetherKept, rotation.WhetherStale} {
		if got != "" && subtle.ConstantTimeCompare([]byte(got), []byte(echo(q, b))) == 1 {
			return q
		}
	}
	return 0
}

// challenge asks. The reference is relative to where the browser believes to be, whatever was
// stripped from the path on the way.
func (c *cookies) challenge(w http.ResponseWriter, r *http.Request, echo string) {
	c.write(w, echoCookieName, echo, 0)
	wire.NoStore(w)
	w.Header().Set("Location", "?"+r.URL.RawQuery)
	w.WriteHeader(http.StatusTemporaryRedirect) // with the same method and body (RFC 9110, section 15.4.8)
}
