package latchkeytest

import (
	"io"
	"net/http"
	"sync/atomic"
)

// A Fault handles requests in place of the provider. It may call next, the provider, at any time.
type Fault func(w http.ResponseWriter, r *http.Request, next http.Handler)

// FailProvider replaces the current fault of the provider; nil removes it.
func (w *World) FailProvider(f Fault) { w.faults.current.Store(&f) }

// Answer returns a Fault that gives every request the same response.
func Answer(status int, contentType, body string) Fault {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		if contentType != "" {
			w.Header().Set("Content-Type", contentType)
		}
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

type providerFaults struct{ current atomic.Pointer[Fault] }

func (p *providerFaults) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f := p.current.Load(); f != nil && *f != nil {
			(*f)(w, r, next)
			return
		}
		next.ServeHTTP(w, r)
	})
}
