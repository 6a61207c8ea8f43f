package gateway

import (
	"bufio"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// pace is how long one read of a client's body, or one write to a client, may take. There is no limit to the whole: uploads and streams last.
const pace = time.Minute

// small is what the server takes at once without waiting for the client.
const small = 2 << 10

// An answer is the ResponseWriter that the reverse proxy sees. The headers of the app behind are kept apart from those that are
// there already, new cookies of the session above all: the proxy clears what it finds when an informational answer has come.
type answer struct {
	w       http.ResponseWriter
	control *http.ResponseController
	header  http.Header // of the app behind; after WriteHeader its trailers
	kept    bool        // by the browser alone, where it has an ETag and the app does not say otherwise
	left    int64       // what is still to come of the announced length; -1: it is not known
	begun   bool
	log     *slog.Logger
}

func (a *answer) Header() http.Header { return a.header }

// WriteHeader begins the answer. Informational answers are not passed on: a browser can do without, and they could carry anything.
func (a *answer) WriteHeader(status int) {
	if a.begun || status >= 100 && status < 200 && status != http.StatusSwitchingProtocols {
		return
	}
	a.begun = true
	own := a.w.Header()
	for name, values := range a.header {
		if name == "Set-Cookie" {
			values = append(own[name], values...)
		}
		own[name] = values
	}
	if own["Content-Type"] == nil {
		own["Content-Type"] = nil // net/http guesses none for bytes of which the app does not say what they are
	}
	if own["X-Content-Type-Options"] == nil {
		own["X-Content-Type-Options"] = []string{"nosniff"}
	}
	if a.kept && a.header["Etag"] != nil && a.header["Cache-Control"] == nil {
		own["Cache-Control"] = privateNoCache // instead of the guard's no-store
	}
	a.left = announced(a.header)
	a.header = make(http.Header)
	a.w.WriteHeader(status)
}

var privateNoCache = []string{"private, no-cache"}

// announced returns the Content-Length, or -1.
func announced(h http.Header) int64 {
	n, err := strconv.ParseInt(h.Get("Content-Length"), 10, 64)
	if err != nil {
		return -1
	}
	return n
}

// Write passes bytes on at once. Only the last ones of an announced length need no flush: the server sends them when the handler returns.
func (a *answer) Write(b []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	if int64(len(b)) == a.left && len(b) <= small {
		a.left = 0
		return a.w.Write(b)
	}
	a.control.SetWriteDeadline(time.Now().Add(pace))
	defer a.control.SetWriteDeadline(time.Time{}) // an answer may pause for as long as it likes
	n, err := a.w.Write(b)
	if a.left < 0 || err != nil {
		return n, err // the proxy flushes an answer without a length itself
	}
	if a.left -= int64(n); a.left > 0 {
		err = a.control.Flush()
	}
	return n, err
}

// FlushError is for the reverse proxy, by http.ResponseController. It calls it from a timer, too.
func (a *answer) FlushError() error {
	return contain(a.log, "a flush crashed", func() error {
		a.WriteHeader(http.StatusOK)
		a.control.SetWriteDeadline(time.Now().Add(pace))
		defer a.control.SetWriteDeadline(time.Time{})
		return a.control.Flush()
	})
}

// Hijack is for a WebSocket. The proxy writes the answer's head itself, and what is there already belongs to it.
func (a *answer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := a.control.Hijack()
	if err == nil {
		for name, values := range a.w.Header() {
			a.header[name] = values
		}
	}
	return conn, rw, err
}

// end passes the trailers on.
func (a *answer) end() {
	if !a.begun {
		return // hijacked
	}
	for name, values := range a.header {
		plain := strings.TrimPrefix(name, http.TrailerPrefix)
		if plain != "Set-Cookie" && !speaksForOrigin(http.CanonicalHeaderKey(plain)) {
			a.w.Header()[name] = values
		}
	}
}

// pacedBody is the client's body, which may take its time but must move. The transport reads it in a
// goroutine of its own, maybe still when the handler returns, and then the connection is no longer the
// request's.
type pacedBody struct {
	io.ReadCloser
	control *http.ResponseController
	log     *slog.Logger

	mu    sync.Mutex
	ended bool
	err   error // why it could not be read to its end
}

func (b *pacedBody) Read(p []byte) (n int, err error) {
	b.limit(time.Now().Add(pace))
	err = contain(b.log, "the reading of a body crashed", func() (err error) {
		n, err = b.ReadCloser.Read(p)
		return err
	})
	b.limit(time.Time{}) // or the server would take the connection for dead while the answer goes on
	if err != nil && err != io.EOF {
		b.mu.Lock()
		b.err = err
		b.mu.Unlock()
	}
	return n, err
}

func (b *pacedBody) limit(t time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.ended {
		b.control.SetReadDeadline(t)
	}
}

// end leaves the rest of the body, if there is one, so much time.
func (b *pacedBody) end() {
	b.limit(time.Now().Add(pace))
	b.mu.Lock()
	b.ended = true
	b.mu.Unlock()
}

// failure returns why the body could not be read to its end. A request without a body has a nil one.
func (b *pacedBody) failure() error {
	if b == nil {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.err
}
