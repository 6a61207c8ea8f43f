// Package wire is what handlers around the guard say and understand over HTTP: JSON, problems in the form of RFC 9457, and a strict
// reader of small request bodies.
package wire

import (
	"encoding/json"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Problem is an answer that is not a success. Code is for programs and does not change; Detail is a sentence for people.
type Problem struct {
	Status int    `json:"status"`
	Code   string `json:"code"`
	Detail string `json:"detail"`
	Reason string `json:"reason,omitempty"` // a word of the provider's that says more

	RetryAfter time.Duration `json:"-"` // 0: not said
}

// The problems that every route can have. A body that cannot be read is refused with "bad_request" and its own detail.
var (
	NotFound        = Problem{Status: http.StatusNotFound, Code: "not_found", Detail: "There is nothing here."}
	Internal        = Problem{Status: http.StatusInternalServerError, Code: "internal_error", Detail: "Something went wrong on our side."}
	methodUnknown   = Problem{Status: http.StatusMethodNotAllowed, Code: "method_not_allowed", Detail: "This route does not answer that method."}
	bodyTooLarge    = Problem{Status: http.StatusRequestEntityTooLarge, Code: "too_large", Detail: "The request is too large."}
	typeUnsupported = Problem{Status: http.StatusUnsupportedMediaType, Code: "unsupported_type", Detail: "The request must be application/json."}
)

// Error returns the detail.
func (p Problem) Error() string { return p.Detail }

// ServeHTTP answers with the problem.
func (p Problem) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	if p.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(p.RetryAfter.Seconds()))))
	}
	write(w, "application/problem+json", p.Status, p)
}

// Write answers with the value as JSON.
func Write(w http.ResponseWriter, status int, value any) {
	write(w, "application/json", status, value)
}

func write(w http.ResponseWriter, contentType string, status int, value any) {
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(value) // the browser is gone if this fails
}

// Methods are the handlers of one path. GET answers HEAD too; all other methods get 405 with Allow (RFC 9110 §15.5.6).
type Methods map[string]http.HandlerFunc

// ServeHTTP calls the handler of the request's method.
func (m Methods) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	if handle, ok := m[method]; ok {
		handle(w, r)
		return
	}
	w.Header().Set("Allow", m.allow())
	methodUnknown.ServeHTTP(w, r)
}

func (m Methods) allow() string {
	var allowed []string
	for method := range m {
		allowed = append(allowed, method)
	}
	if m[http.MethodGet] != nil {
		allowed = append(allowed, http.MethodHead)
	}
	slices.Sort(allowed)
	return strings.Join(allowed, ", ")
}
