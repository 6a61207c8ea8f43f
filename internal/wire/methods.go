package wire

import (
	"net/http"
	"slices"
	"strings"
)

// Methods are the handlers of one path. GET answers HEAD too; all other methods get 405 with Allow
// (RFC 9110 §15.5.6).
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
	Of(CodeMethodNotAllowed).Write(w)
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

// AllowMethods reports whether the request has one of these methods, and else answers 405.
func AllowMethods(w http.ResponseWriter, r *http.Request, methods ...string) bool {
	for _, m := range methods {
		if r.Method == m {
			return true
		}
	}
	w.Header().Set("Allow", strings.Join(methods, ", "))
	Of(CodeMethodNotAllowed).Write(w)
	return false
}
