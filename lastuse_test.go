package latchkey_test

import (
	"testing"
	"testing/synctest"
	"time"
)

// A restart changes nothing: the session is in the store, the keys are in their file.
func TestRestart_keepsTheSession(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b := newBrowser()
		b.login(w.shop)
		time.Sleep(20 * time.Minute)
		b.get(w.shop, "/api/private").ok(t, false)
		must(t, w.shop.guard.Close(t.Context())) // stores the last use
		w.shop.start(w.config(w.shop, discard))
		time.Sleep(20 * time.Minute) // 40 minutes after login, 20 after the last use
		b.get(w.shop, "/api/private").ok(t, false)
	})
}

// The last use reaches the store without a write for each request, and within a tenth of the idle
// time.
func TestLastUse_isStoredInBatches(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b := newBrowser()
		b.login(w.shop)
		for range 19 {
			time.Sleep(time.Minute)
			b.get(w.shop, "/api/private").ok(t, false)
		}
		time.Sleep(3 * time.Minute) // idle/10
		synctest.Wait()
		other := w.config(w.shop, discard)
		w.shop.start(other) // a second node, which knows only the store
		time.Sleep(26 * time.Minute)
		b.get(w.shop, "/api/private").ok(t, false)
	})
}
