package gateway

import (
	"context"
	"net"
	"net/http"
	"time"
)

// A transport sends requests to one app. An app may close an idle connection in the very moment in
// which a request is written to it (Node.js and uvicorn after 5 seconds, gunicorn after 2), and
// then nobody knows whether the app has begun to work on it. A request that may be repeated uses a
// kept connection, and net/http retries it. One that may not be repeated (RFC 9110 §9.2.2) gets a
// new connection, which nothing has a reason to close.
type transport struct {
	shared *http.Transport
	own    *http.Transport // for https the shared one: HTTP/2 says which requests it has not processed

	withoutCookies func(context.Context) // called if an app does not get its cookies
}

// idleFor is how long an idle connection is kept: less than in any common app.
const idleFor = 1500 * time.Millisecond

// newTransport ignores the environment's proxy and leaves encodings alone.
func newTransport(scheme string, timeout time.Duration, withoutCookies func(context.Context)) transport {
	if timeout == 0 {
		timeout = time.Minute
	}
	shared := &http.Transport{
		DialContext:         (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout: 5 * time.Second, ResponseHeaderTimeout: timeout, ExpectContinueTimeout: time.Second,
		MaxIdleConnsPerHost: 256, IdleConnTimeout: idleFor, MaxResponseHeaderBytes: 64 << 10,
		DisableCompression: true, ForceAttemptHTTP2: true,
	}
	t := transport{shared, shared, withoutCookies}
	if scheme == "http" {
		t.own = shared.Clone()
		t.own.DisableKeepAlives = true
		t.own.DialContext = closingLast(shared.DialContext)
	}
	return t
}

// RoundTrip drops cookies if needed, and refuses to send headers that the app would refuse to read.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	n := size(r.Header) + len(r.URL.Path) + len(r.URL.RawQuery)
	if n > maxWithCookies && r.Header["Cookie"] != nil {
		n -= size(http.Header{"Cookie": r.Header["Cookie"]})
		delete(r.Header, "Cookie")
		t.withoutCookies(r.Context())
	}
	if n > maxPassed {
		return nil, errHeaders
	}
	if repeatable(r) {
		return t.shared.RoundTrip(r)
	}
	return t.own.RoundTrip(r)
}

// repeatable reports whether a request may and can be sent twice.
func repeatable(r *http.Request) bool {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return r.Body == nil || r.Body == http.NoBody
	}
	return false
}

// hideIdempotencyKey keeps net/http from retrying a request that the app may have begun to work on,
// which it would do because of an Idempotency-Key. That header is a matter between client and app.
// net/http looks for its canonical spelling, and case does not matter on the wire.
func hideIdempotencyKey(h http.Header) {
	for _, name := range [...]struct{ usual, hidden string }{{"Idempotency-Key", "idempotency-key"}, {"X-Idempotency-Key", "x-idempotency-key"}} {
		if values := h[name.usual]; values != nil {
			delete(h, name.usual)
			h[name.hidden] = values
		}
	}
}
