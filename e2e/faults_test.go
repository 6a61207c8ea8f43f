package e2e_test

import (
	"net/http"
	"sync"
)

// faults stand in front of the provider, or of an app.
type faults struct {
	mu      sync.Mutex
	instead http.HandlerFunc // nil: what stands behind
}

func (f *faults) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		instead := f.instead
		f.mu.Unlock()
		if instead == nil {
			next.ServeHTTP(w, r)
			return
		}
		instead(w, r)
	})
}

// answer has the handler answer instead; nil mends it.
func (f *faults) answer(instead http.HandlerFunc) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.instead = instead
}
