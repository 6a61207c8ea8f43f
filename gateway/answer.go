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

// pace is how long one read of a client's body, or one write to a client, may take. There is no
// limit on the whole: uploads and streams can be long.
const pace = time.Minute

// small is what the server reads without waiting for the client.
const small = 2 << 10

// An answer is the ResponseWriter that the reverse proxy sees. It keeps the app's headers apart
// from those that are set already, in particular new cookies of the session: the proxy clears the
// headers that it sees after an informational response.
type answer struct {
	w       http.ResponseWriter
	control *http.ResponseController
	header  http.Header // of the app behind; after WriteHeader its trailers
	kept    bool        // cacheable by the browser only, if it has an ETag and the app does not say otherwise
	left    int64       // what remains of the announced length; -1: unknown
	begun   bool
	log     *slog.Logger
}

func (a *answer) Header() http.Header { return a.header }

// WriteHeader begins the response. Informational responses are not passed on: browsers do not need
// them, and they could carry anything.
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
		own["Content-Type"] = nil // net/http must not guess a type if the app sends none
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

// Write passes bytes on immediately. Only the last ones of an announced length need no flush: the
// server sends them when the handler returns.
func (a *answer) Write(b []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	if int64(len(b)) == a.left && len(b) <= small {
		a.left = 0
		return a.w.Write(b)
	}
	a.control.SetWriteDeadline(time.Now().Add(pace))
	defer a.control.SetWriteDeadline(time.Time{}) // a response may pause for any time
	n, err := a.w.Write(b)
	if a.left < 0 || err != nil {
		return n, err // the proxy itself flushes a response without a length
	}
	if a.left -= int64(n); a.left > 0 {
		err = a.control.Flush()
	}
	return n, err
}

// FlushError is for the reverse proxy, which calls it through http.ResponseController, also from a
// timer.
func (a *answer) FlushError() error {
	return contain(a.log, "panic in a flush", func() error {
		a.WriteHeader(http.StatusOK)
		a.control.SetWriteDeadline(time.Now().Add(pace))
		defer a.control.SetWriteDeadline(time.Time{})
		return a.control.Flush()
	})
}

// Hijack is for a WebSocket. The proxy writes the head of the response itself, including the
// headers that are set already.
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

// pacedBody is the client's body, which may be slow but must make progress. The transport reads it
// in its own goroutine, perhaps even after the handler has returned, when the connection no longer
// belongs to the request.
type pacedBody struct {
	io.ReadCloser
	control *http.ResponseController
	log     *slog.Logger

	mu    sync.Mutex
	ended bool
	err   error // why the body could not be read to its end
}

func (b *pacedBody) Read(p []byte) (n int, err error) {
	b.limit(time.Now().Add(pace))
	err = contain(b.log, "panic while reading a body", func() (err error) {
		n, err = b.ReadCloser.Read(p)
		return err
	})
	b.limit(time.Time{}) // or the server would consider the connection dead during the response
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

// end gives the rest of the body, if any, this much time.
func (b *pacedBody) end() {
	b.limit(time.Now().Add(pace))
	b.mu.Lock()
	b.ended = true
	b.mu.Unlock()
}

// failure returns why the body could not be read to its end. A request without a body has a nil
// one.
func (b *pacedBody) failure() error {
	if b == nil {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.err
}
