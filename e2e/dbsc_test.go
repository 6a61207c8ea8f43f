package e2e_test

import (
	"strings"
	"testing"

	"github.com/latchkey-dev/latchkey/dbsc"
)

// TestDBSC: Chromium and package dbsc understand each other.
func TestDBSC(t *testing.T) {
	for _, algorithm := range []dbsc.Algorithm{dbsc.ES256, dbsc.RS256} {
		t.Run(string(algorithm), func(t *testing.T) {
			t.Parallel()
			s, b := newKeyServer(t, algorithm), newBinder(t)
			p := b.open(s.origin)
			read[bool](p, `fetch("/login", {method: "POST"}).then(r => r.ok)`)
			b.awaitTold("creation Success")

			b.loseProof(s.origin)
			all := read[[]string](p, `Promise.all(Array.from({length: 6}, () => fetch("/cookies").then(r => r.text())))`)
			if got := strings.Join(all, " "); got != strings.TrimSpace(strings.Repeat(boundCookie+"=1 ", 6)) {
				t.Errorf("six requests at once came with %q, want the cookie of one proof", got)
			}
			b.awaitTold("refresh Refreshed")

			s.mu.Lock()
			s.ended = true
			s.mu.Unlock()
			b.loseProof(s.origin)
			if got := p.fetch("/cookies"); got.Body != "" {
				t.Errorf("after the end: %q", got.Body)
			}
			b.awaitTold("termination ServerRequested")
		})
	}
}
