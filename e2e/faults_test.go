package e2e_test

import (
	"net/http"
	"sync"
)

// faults intercept requests to the provider, or to an app.
type faults struct {
	mu      sync.Mutex
	instead http.HandlerFunc // nil: the real one
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

// answer makes the handler answer instead; nil restores the real one.
func (f *faults) answer(instead http.HandlerFunc) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.instead = instead
}
