package gateway_test

import (
	"context"
	"slices"
	"sync"
	"testing"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/gateway"
)

// An app's own listener receives its events although the gateway listens too.
func TestEventsOfAnApp(t *testing.T) {
	w := newWorld(t)
	var mu sync.Mutex
	var heard []latchkey.EventKind
	n := w.serve(func(c *gateway.Config) {
		c.Apps[0].Login.OnEvent = func(_ context.Context, e latchkey.Event) {
			mu.Lock()
			defer mu.Unlock()
			heard = append(heard, e.Kind)
		}
	})
	n.loggedIn().do("POST", "/api/logout", "").want(t, 204, "")
	mu.Lock()
	defer mu.Unlock()
	if !slices.Contains(heard, latchkey.EventLogin) || !slices.Contains(heard, latchkey.EventEnded) {
		t.Errorf("heard %v", heard)
	}
}
