package gateway_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey/idp"
)

// Whatever the lifetime of the provider's JWTs, no request is answered with 503 while the provider
// is well.
func TestBearer_anyLifetime(t *testing.T) {
	for _, life := range []time.Duration{2 * time.Second, 20 * time.Second, time.Minute, 5 * time.Minute} {
		t.Run(fmt.Sprint(life), func(t *testing.T) {
			w := newWorld(t, idp.Application{AccessTokenTTL: life})
			n := w.serve()
			b := n.loggedIn()
			for range 40 {
				w.clock.Advance(15 * time.Second)
				b.do("GET", "/api/x", "").want(t, 200, "")
			}
		})
	}
}
