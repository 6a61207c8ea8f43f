package latchkey

import (
	"bufio"
	"net"
	"net/http"
)

// uncached marks an answer no-store at the last moment. Handlers that stream look for Flush and Hijack by type assertion, and
// must find them although this request happened to bring new cookies.
type uncached struct{ http.ResponseWriter }

func (u *uncached) WriteHeader(status int) {
	u.Header()["Cache-Control"] = noStore
	u.ResponseWriter.WriteHeader(status)
}

func (u *uncached) Write(b []byte) (int, error) {
	u.Header()["Cache-Control"] = noStore // too late after WriteHeader, and then done already
	return u.ResponseWriter.Write(b)
}

func (u *uncached) Flush() {
	u.Header()["Cache-Control"] = noStore
	http.NewResponseController(u.ResponseWriter).Flush() // a writer that cannot is as good as one that has
}

func (u *uncached) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return http.NewResponseController(u.ResponseWriter).Hijack()
}

// Unwrap is for http.ResponseController.
func (u *uncached) Unwrap() http.ResponseWriter { return u.ResponseWriter }
