package latchkeytest

import (
	"io"
	"net/http"
	"sync/atomic"
)

// A Fault answers for the provider. It may delay a request and have next answer it.
type Fault func(w http.ResponseWriter, r *http.Request, next http.Handler)

// FailProvider puts a fault in front of the provider, instead of the one before. Nil: none.
func (w *World) FailProvider(f Fault) { w.faults.current.Store(&f) }

// Answer is a Fault that answers every request alike.
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
