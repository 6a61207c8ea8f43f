package wire

import (
	"bufio"
	"net"
	"net/http"
	"sync/atomic"
)

var noStore = []string{"no-store"}

// NoStore marks the response no-store, unless its handler says otherwise later.
func NoStore(w http.ResponseWriter) { w.Header()["Cache-Control"] = noStore }

// A WatchedWriter knows whether the response has started, and keeps one that brings new cookies out
// of every cache. Handlers that stream look for Flush and Hijack by type assertion, and must find
// them although this request happened to bring new cookies.
type WatchedWriter struct {
	http.ResponseWriter
	uncached atomic.Bool
	started  atomic.Bool // atomic: http.TimeoutHandler answers beside the handler
}

// Watch returns a writer that passes the response on to w.
func Watch(w http.ResponseWriter) *WatchedWriter { return &WatchedWriter{ResponseWriter: w} }

// Uncached returns a writer that keeps the response out of every cache, whatever the handler says.
func Uncached(w http.ResponseWriter) *WatchedWriter {
	watched := Watch(w)
	watched.KeepUncached()
	return watched
}

// KeepUncached keeps the response out of every cache, whatever the handler says.
func (w *WatchedWriter) KeepUncached() { w.uncached.Store(true) }

// IsUncached reports whether KeepUncached was called.
func (w *WatchedWriter) IsUncached() bool { return w.uncached.Load() }

// Finish is called after the handler: if it has written nothing, the headers are sent now.
func (w *WatchedWriter) Finish() {
	if !w.Started() {
		w.start()
	}
}

// Started reports whether the headers have been sent, or the connection is hijacked.
func (w *WatchedWriter) Started() bool { return w.started.Load() }

// start is called before the headers are sent.
func (w *WatchedWriter) start() {
	w.started.Store(true)
	if w.uncached.Load() {
		NoStore(w) // too late if they were sent, and then done already
	}
}

// WriteHeader starts the response, unless the status is informational.
func (w *WatchedWriter) WriteHeader(status int) {
	if status >= http.StatusOK || status == http.StatusSwitchingProtocols {
		w.start()
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write starts the response.
func (w *WatchedWriter) Write(b []byte) (int, error) {
	w.start()
	return w.ResponseWriter.Write(b)
}

// Flush starts the response.
func (w *WatchedWriter) Flush() {
	w.start()
	http.NewResponseController(w.ResponseWriter).Flush() // a writer that cannot is as good as one that has
}

// Hijack starts the response, whose bytes are then the handler's.
func (w *WatchedWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	w.started.Store(true)
	return http.NewResponseController(w.ResponseWriter).Hijack()
}

// Unwrap is for http.ResponseController.
func (w *WatchedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
