package latchkey_test

import (
	"context"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
)

// A client with stale cookies cannot fill the log: each session has one line a minute.
func TestStale_isLoggedOnceAMinute(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		told := 0
		config := w.config(w.shop, discard)
		config.OnEvent = func(_ context.Context, e latchkey.Event) {
			if e.Kind == latchkey.EventStale {
				told++
			}
		}
		w.shop.start(config)
		b := newBrowser()
		b.login(w.shop)
		old := b.copy(w.shop, sessionCookie)
		for range 3 {
			time.Sleep(time.Hour)
			b.get(w.shop, "/api/private")
			time.Sleep(5 * time.Minute)
			b.get(w.shop, "/api/private")
		}
		for minute := range 3 {
			for range 50 {
				old.get(w.shop, "/api/private").want(t, 401, "login_required", "")
			}
			if told != minute+1 {
				t.Errorf("told %d times in minute %d", told, minute)
			}
			time.Sleep(time.Minute)
		}
		b.get(w.shop, "/api/private").ok(t, false)
	})
}
