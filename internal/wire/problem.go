// Package wire is how the handlers of this module speak HTTP: JSON, problems in the format of RFC
// 9457 with one table of codes, and a strict reader of small request bodies. It imports the
// standard library only.
package wire

import (
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"time"
)

// A Problem is an error response (RFC 9457). Code is for programs and does not change; Title and
// Detail are for people. Of makes the problems of docs/http.md; an app may have codes of its own.
type Problem struct {
	Title     string   `json:"title"`
	Status    int      `json:"status"`
	Code      string   `json:"code"`
	Detail    string   `json:"detail,omitempty"`
	EndReason string   `json:"endReason,omitempty"` // why the session is over
	Methods   []string `json:"methods,omitempty"`   // with two_factor_required
	Reason    string   `json:"reason,omitempty"`    // the provider's code for the reason, such as tooShort

	RetryAfter time.Duration `json:"-"` // of the header, rounded up to seconds; 0: no header
}

// Error returns the code and the detail.
func (p Problem) Error() string {
	if p.Detail == "" {
		return p.Code
	}
	return p.Code + ": " + p.Detail
}

// ServeHTTP answers with the problem.
func (p Problem) ServeHTTP(w http.ResponseWriter, _ *http.Request) { p.Write(w) }

// Write answers with the problem. It cannot be cached, and if a browser shows it, no script runs.
func (p Problem) Write(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	if p.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(p.RetryAfter.Seconds()))))
	}
	write(w, "application/problem+json", p.Status, p)
}

// Write answers with the value as JSON. It cannot be cached, unless the handler has set
// Cache-Control.
func Write(w http.ResponseWriter, status int, value any) {
	if h := w.Header(); h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-store")
	}
	write(w, "application/json", status, value)
}

func write(w http.ResponseWriter, contentType string, status int, value any) {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(value) // the client is gone if this fails
}
