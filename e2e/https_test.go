package e2e_test

import (
	"testing"
	"time"
)

// TestOverHTTPS is a browser that knows nothing of device-bound sessions. It is served at the same
// address as those that do, for longer than two caps of a session.
func TestOverHTTPS(t *testing.T) {
	t.Parallel()
	w, b := newWorldAt(t, secure), newBrowser(t)
	for _, s := range w.sites() {
		p := s.enterAndLogIn(b)
		for range 4 {
			s.clock.advance(sessionCap - 20*time.Minute)
			s.wantServed(s.name, s.asPage(p))
		}
		s.act(p)
		s.seeActed(p, 1)
	}
}
