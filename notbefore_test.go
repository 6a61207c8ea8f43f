package latchkey_test

import (
	"context"
	"encoding/base64"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-dev/latchkey"
)

// All sessions end at once, at every node, and those that begin afterwards do not.
func TestEndAppSessions(t *testing.T) {
	onTwoNodes(t, func(t *testing.T, w *world, store *tellingStore, nodes [2]*app) {
		var before []*browser
		for range 3 {
			b := newBrowser()
			b.login(nodes[0])
			for _, node := range nodes {
				b.get(node, "/api/private").ok(t, false) // in memory
			}
			before = append(before, b)
		}
		time.Sleep(time.Second)
		must(t, nodes[0].guard.EndAppSessions(t.Context(), time.Now(), latchkey.EndRevokedByAdmin))
		after := newBrowser()
		after.login(nodes[1])
		for i, b := range before {
			b.get(nodes[1-i%2], "/api/private").want(t, 401, "login_required", "revoked_by_admin")
		}
		for _, node := range nodes {
			after.get(node, "/api/private").ok(t, false)
		}
		synctest.Wait()
		if n := w.refreshTokens(); n != 1 {
			t.Errorf("%d refresh tokens are alive, want that of the session that began afterwards", n)
		}
	})
}

func TestEndAppSessions_isKnown(t *testing.T) {
	begin := func(t *testing.T, w *world) *browser {
		b := newBrowser()
		b.login(w.shop)
		b.get(w.shop, "/api/private").ok(t, false)
		time.Sleep(time.Minute)
		must(t, w.shop.guard.EndAppSessions(t.Context(), time.Now(), latchkey.EndRevokedByAdmin))
		return b
	}
	t.Run("at a node that starts later", func(t *testing.T) {
		simulate(t, func(t *testing.T, w *world) {
			b := begin(t, w)
			b.get(w.anotherNode(w.shop), "/api/private").want(t, 401, "login_required", "revoked_by_admin")
		})
	})
	t.Run("where the store has lost everything", func(t *testing.T) {
		simulate(t, func(t *testing.T, w *world) {
			b := begin(t, w)
			w.store.lose()
			b.get(w.shop, "/api/private").want(t, 401, "login_required", "revoked_by_admin")
			b.get(w.anotherNode(w.shop), "/api/private").want(t, 401, "login_required", "revoked_by_admin")
		})
	})
	t.Run("after an earlier one, though the store has lost it", func(t *testing.T) {
		simulate(t, func(t *testing.T, w *world) {
			must(t, w.shop.guard.EndAppSessions(t.Context(), time.Now(), latchkey.EndRevokedByAdmin))
			time.Sleep(time.Minute)
			one, two := newBrowser(), newBrowser()
			one.login(w.shop)
			two.login(w.shop)
			time.Sleep(time.Minute)
			w.store.snapshot()
			must(t, w.shop.guard.EndAppSessions(t.Context(), time.Now(), latchkey.EndRevokedByAdmin))
			w.store.rollback()
			time.Sleep(2 * time.Second)
			one.get(w.shop, "/api/private").want(t, 401, "login_required", "revoked_by_admin")
			synctest.Wait() // it stores the cutoff again in the background
			two.get(w.anotherNode(w.shop), "/api/private").want(t, 401, "login_required", "revoked_by_admin")
		})
	})
	t.Run("after an earlier one, by looking for it", func(t *testing.T) {
		onTwoNodes(t, func(t *testing.T, w *world, store *tellingStore, nodes [2]*app) {
			must(t, nodes[0].guard.EndAppSessions(t.Context(), time.Now(), latchkey.EndRevokedByAdmin))
			time.Sleep(time.Minute)
			b := newBrowser()
			b.login(nodes[0])
			time.Sleep(time.Minute)
			store.snapshot()
			must(t, nodes[0].guard.EndAppSessions(t.Context(), time.Now(), latchkey.EndRevokedByAdmin))
			time.Sleep(3 * time.Hour)
			store.rollback()
			store.breakStreams()
			time.Sleep(time.Second)
			config := w.config(w.shop, discard)
			config.Store = store
			w.shop.start(config)
			b.get(w.shop, "/api/private").want(t, 401, "login_required", "revoked_by_admin")
		})
	})
	t.Run("months later", func(t *testing.T) {
		simulateMonths(t, func(t *testing.T, w *world) {
			b := begin(t, w)
			time.Sleep(60 * 24 * time.Hour)
			if _, err := w.store.Sweep(t.Context(), time.Now()); err != nil {
				t.Fatal(err)
			}
			w.faults.set(func(rw http.ResponseWriter, r *http.Request, next http.Handler) {
				if r.Method == http.MethodPost {
					t.Error("the provider is asked to refresh a session that is over")
				}
				next.ServeHTTP(rw, r)
			})
			b.get(w.anotherNode(w.shop), "/api/private").want(t, 401, "login_required", "revoked_by_admin")
		})
	})
	t.Run("as long as a session may live that began under another configuration", func(t *testing.T) {
		simulateMonths(t, func(t *testing.T, w *world) {
			b := newBrowser()
			b.login(w.shop)
			time.Sleep(time.Minute)
			config := w.config(w.shop, discard)
			config.AbsoluteTimeout, config.RefreshTTL = 2*24*time.Hour, 24*time.Hour
			w.shop.start(config)
			must(t, w.shop.guard.EndAppSessions(t.Context(), time.Now(), latchkey.EndRevokedByAdmin))
			time.Sleep(3 * 24 * time.Hour)
			if _, err := w.store.Sweep(t.Context(), time.Now()); err != nil {
				t.Fatal(err)
			}
			b.get(w.anotherNode(w.shop), "/api/private").want(t, 401, "login_required", "revoked_by_admin")
		})
	})
	t.Run("in the list, and to streams", func(t *testing.T) {
		simulate(t, func(t *testing.T, w *world) {
			b := newBrowser()
			b.login(w.shop)
			raw, err := base64.RawURLEncoding.DecodeString(b.sessions(w.shop).Sessions[0].ID)
			must(t, err)
			begin(t, w)
			if reason, err := w.shop.guard.EndReason(t.Context(), latchkey.ID(raw)); err != nil || reason != latchkey.EndRevokedByAdmin {
				t.Errorf("EndReason: %q, %v", reason, err)
			}
			again := newBrowser()
			again.login(w.shop)
			if n := len(again.sessions(w.shop).Sessions); n != 1 {
				t.Errorf("%d sessions are listed, want the new one", n)
			}
		})
	})
	t.Run("not from a store that is away", func(t *testing.T) {
		simulate(t, func(t *testing.T, w *world) {
			b := newBrowser()
			b.login(w.shop)
			w.store.cut(true)
			if err := w.shop.guard.EndAppSessions(t.Context(), time.Now(), latchkey.EndRevokedByAdmin); err == nil {
				t.Error("no error")
			}
			w.store.cut(false)
			time.Sleep(2 * time.Second)
			b.get(w.shop, "/api/private").ok(t, false)
			// an old event
			must(t, w.shop.guard.EndAppSessions(t.Context(), time.Now().Add(-time.Hour), latchkey.EndRevokedByAdmin))
			must(t, w.shop.guard.EndAppSessions(t.Context(), time.Time{}, latchkey.EndRevokedByAdmin))
			b.get(w.shop, "/api/private").ok(t, false)
		})
	})
}

// A request that asks the store about the end of all sessions holds up no other for longer than
// that one wants to wait.
func TestEndAppSessions_oneRequestAsksForAll(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b := newBrowser()
		b.login(w.shop)
		slow := &tardyStore{flakyStore: w.store}
		config := w.config(w.shop, discard)
		config.Store = slow
		w.shop.start(config)
		slow.delay.Store(int64(100 * time.Millisecond))
		var all sync.WaitGroup
		start := time.Now()
		for range 10 {
			all.Go(func() { b.get(w.shop, "/api/private").ok(t, false) })
		}
		all.Wait()
		if took := time.Since(start); took > 300*time.Millisecond {
			t.Errorf("ten requests took %v", took)
		}
	})
}

// tardyStore answers reads late.
type tardyStore struct {
	*flakyStore
	delay atomic.Int64
}

func (s *tardyStore) Get(ctx context.Context, id latchkey.ID) (*latchkey.Record, error) {
	time.Sleep(time.Duration(s.delay.Load()))
	return s.flakyStore.Get(ctx, id)
}

// Whose keys were stolen ends all sessions and replaces the keys, which leaves an end in the store
// that no key vouches for.
func TestEndAppSessions_keysReplaced(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b := newBrowser()
		b.login(w.shop)
		must(t, w.shop.guard.EndAppSessions(t.Context(), time.Now(), latchkey.EndRevokedByAdmin))
		w.keys = latchkey.KeyRing{latchkey.NewKey()}
		w.shop.start(w.config(w.shop, discard))
		b.get(w.shop, "/api/private").want(t, 401, "login_required", "")
		b.login(w.shop)
		b.get(w.shop, "/api/private").ok(t, false)
	})
}
