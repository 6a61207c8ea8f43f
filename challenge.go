package latchkey

import (
	"context"
	"crypto/subtle"
	"net/http"
)

// A browser that shows a stale refresh cookie may be a thief's, or a thief's victim, or honest with a request that was under way for longer than any window.
// It is asked: 307 to the same place, with a cookie that names the stale branch. An honest browser comes back with the cookies that it has by now. Only who
// comes back with the stale ones and this echo of them still has no others, and that is theft (rule 6).
//
// The echo is no secret to whoever has the stale cookie, and worth nothing to anybody else. It ends with the browser.
const echoCookieName = "__Host-echo"

func echo(d Digest) string { return cookieEncoding.EncodeToString(d[:]) }

// echoes tells whether the request answers the question about the branch b.
func echoes(h http.Header, b branch) bool {
	got := cookieValue(h, echoCookieName)
	return got != "" && subtle.ConstantTimeCompare([]byte(got), []byte(echo(b.digest()))) == 1
}

// ask begins the challenge of a stale refresh cookie.
func (g *Guard) ask(ctx context.Context, rec *Record, p presented) finding {
	g.emit(ctx, suspicion(EventStale, rec, p))
	return finding{asked: p.branch.digest()}
}

// challenge is the answer. The reference is relative to where the browser believes to be, whatever was stripped from the path on the way.
func (g *Guard) challenge(w http.ResponseWriter, r *http.Request, asked Digest) {
	g.cookies.write(w, echoCookieName, echo(asked), 0)
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Location", "?"+r.URL.RawQuery)
	w.WriteHeader(http.StatusTemporaryRedirect) // with the same method and body (RFC 9110, section 15.4.8)
}
