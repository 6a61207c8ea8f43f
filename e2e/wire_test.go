package e2e_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// wire records what browsers and apps send to each other.
type wire struct {
	mu        sync.Mutex
	exchanges []exchange
	forgotten int           // how many of them are on older pages of the log
	underWay  int           // requests without a response yet
	changed   chan struct{} // closed when a request comes in, and after its response
	tapes     []*tape
}

func newWire() *wire { return &wire{changed: make(chan struct{})} }

// An exchange is one request and its response.
type exchange struct {
	host, method, path string
	request            http.Header
	status             int
	answer             http.Header
	body               string
}

// cookies returns the cookies of a session that the request carried, by name.
func (e exchange) cookies() map[string]string {
	found := make(map[string]string)
	for _, line := range e.request["Cookie"] {
		parsed, err := http.ParseCookie(line)
		if err != nil {
			continue
		}
		for _, c := range parsed {
			found[c.Name] = c.Value
		}
	}
	delete(found, deviceCookie)
	return found
}

// setCookies returns the cookies of a session that the answer set, by name.
func (e exchange) setCookies() map[string]*http.Cookie {
	found := make(map[string]*http.Cookie)
	for _, line := range e.answer["Set-Cookie"] {
		if c, err := http.ParseSetCookie(line); err == nil {
			found[c.Name] = c
		}
	}
	delete(found, deviceCookie)
	return found
}

// record passes each exchange to next, before the end of the response is sent to the browser.
func (w *wire) record(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		e := exchange{host: r.Host, method: r.Method, path: r.URL.Path, request: r.Header.Clone()}
		rec := &recordingWriter{ResponseWriter: rw, status: http.StatusOK}
		w.count(1)
		defer w.count(-1)
		next.ServeHTTP(rec, r)
		e.status, e.answer, e.body = rec.status, rw.Header().Clone(), rec.body.String()
		w.mu.Lock()
		defer w.mu.Unlock()
		w.exchanges = append(w.exchanges, e)
	})
}

func (w *wire) count(more int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.underWay += more
	close(w.changed)
	w.changed = make(chan struct{})
}

// await returns when the condition, which is evaluated under the lock, is true.
func (w *wire) await(t *testing.T, what string, condition func() bool) {
	t.Helper()
	patient, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		w.mu.Lock()
		done, changed := condition(), w.changed
		w.mu.Unlock()
		if done {
			return
		}
		select {
		case <-changed:
		case <-patient.Done():
			t.Fatalf("%s: did not happen", what)
		}
	}
}

// awaitUnderWay returns when at least n requests are in flight.
func (w *world) awaitUnderWay(n int) {
	w.Helper()
	w.wire.await(w.T, fmt.Sprintf("%d requests at once", n), func() bool { return w.wire.underWay >= n })
}

// await returns when there have been n such exchanges since forget.
func (s *site) await(n int, method, path string) {
	s.Helper()
	s.wire.await(s.T, fmt.Sprintf("%d times %s %s", n, method, path), func() bool {
		found := 0
		for _, e := range s.wire.exchanges[s.wire.forgotten:] {
			if e.host == s.host && e.method == method && e.path == path {
				found++
			}
		}
		return found >= n
	})
}

type recordingWriter struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (w *recordingWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *recordingWriter) Write(p []byte) (int, error) {
	w.body.Write(p)
	return w.ResponseWriter.Write(p)
}

func (w *recordingWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// forget starts a new page of the log. The tapes continue.
func (w *wire) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.forgotten = len(w.exchanges)
}

// to returns the exchanges of an app since forget whose path begins with prefix, the oldest first.
func (w *wire) to(s *site, prefix string) (found []exchange) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, e := range w.exchanges[w.forgotten:] {
		if e.host == s.host && strings.HasPrefix(e.path, prefix) {
			found = append(found, e)
		}
	}
	return found
}

// statuses returns those of the answers for the paths since forget, the oldest first.
func (s *site) statuses(prefix string) (all []int) {
	for _, e := range s.wire.to(s, prefix) {
		all = append(all, e.status)
	}
	return all
}

// only returns the one exchange of an app since forget for a path, and fails the test if there was
// none or another.
func (s *site) only(method, path string) exchange {
	s.Helper()
	var found []exchange
	for _, e := range s.wire.to(s, path) {
		if e.method == method && e.path == path {
			found = append(found, e)
		}
	}
	if len(found) != 1 {
		s.Fatalf("%s: %d exchanges %s %s, want 1", s.name, len(found), method, path)
	}
	return found[0]
}

// String lists all exchanges with the apps' backends, one a line.
func (w *wire) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var lines []string
	for _, e := range w.exchanges {
		if strings.HasPrefix(e.path, "/api/") {
			lines = append(lines, fmt.Sprintf("%s: %s %s %d", e.host, e.method, e.path, e.status))
		}
	}
	return strings.Join(lines, "\n")
}

// received returns every byte that went to browsers: one tape for each connection, and the bodies
// again without chunked encoding.
func (w *wire) received() (all [][]byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, t := range w.tapes {
		all = append(all, t.bytes())
	}
	for _, e := range w.exchanges {
		all = append(all, []byte(e.body))
	}
	return all
}
