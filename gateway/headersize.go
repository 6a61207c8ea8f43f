package gateway

import (
	"errors"
	"net/http"
	"strings"
)

// The limits of a request's headers, in bytes, including host, path and query.
const (
	// maxHeaders is what a client may send. Most of it is cookies: a sibling host can set up to 180
	// of 4 KiB for the whole domain, and users with such cookies must still be able to log in. The
	// http.Server should allow more, because its own refusal is plain text.
	maxHeaders = 256 << 10
	// maxPassed is what an app gets, which is what common servers read.
	maxPassed = 32 << 10
	// maxWithCookies is what an app gets with cookies, which is what Node.js reads. Above it the
	// app gets no cookies: it may miss one, but its users are not locked out.
	maxWithCookies = 16 << 10
)

var errHeaders = errors.New("headers too large for the app")

// fits reports whether the headers of a request are small enough, and whether cookies were dropped.
// Above maxWithCookies it leaves only our cookies, so that the memory of a waiting request is
// bounded by maxPassed.
func fits(r *http.Request) (ok, emptied bool) {
	rest := len(r.Host) + len(r.URL.Path) + len(r.URL.RawQuery)
	n := size(r.Header) + rest
	switch {
	case n <= maxWithCookies:
		return true, false
	case n > maxHeaders:
		return false, false
	}
	keepCookies(r.Header, func(pair string) bool {
		ours := namesOurs(pair)
		emptied = emptied || !ours
		return ours
	})
	if kept := r.Header["Cookie"]; kept != nil {
		kept[0] = strings.Clone(kept[0]) // a substring would keep the whole line in memory
	}
	return size(r.Header)+rest <= maxPassed, emptied
}

// size is about what headers take on the wire.
func size(h http.Header) int {
	n := 0
	for name, values := range h {
		for _, value := range values {
			n += len(name) + len(value) + 4
		}
	}
	return n
}
