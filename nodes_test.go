package latchkey_test

import (
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-dev/latchkey"
)

// Several nodes on one store: one of them asks the provider, the others wait for its result.
func TestREF01_OneRefreshOnFourNodes(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b := newBrowser()
		b.login(w.shop)
		tried := w.provider.Calls("/api/jwt/refresh")
		nodes := []*app{w.shop}
		for range 3 {
			nodes = append(nodes, w.anotherNode(w.shop))
		}
		for round := 1; round <= 3; round++ {
			time.Sleep(time.Hour)
			w.faults.set(func(rw http.ResponseWriter, r *http.Request, next http.Handler) {
				time.Sleep(time.Second)
				next.ServeHTTP(rw, r)
			})
			var all sync.WaitGroup
			var last sync.Mutex
			before := b.copy(w.shop)
			for i := range 100 {
				all.Go(func() {
					tab := before.copy(w.shop)
					if got := tab.get(nodes[i%4], "/api/private"); got.status != 200 {
						t.Errorf("node %d: %d %s", i%4, got.status, got.body)
					}
					last.Lock()
					defer last.Unlock()
					// the last answer wins, as in a browser
					for name, value := range tab.jar(w.shop) {
						b.set(w.shop, name, value)
					}
				})
			}
			all.Wait()
			if n := w.provider.Calls("/api/jwt/refresh") - tried; n != round {
				t.Fatalf("%d refreshes after %d expiries", n, round)
			}
			for range 4 {
				time.Sleep(3 * time.Minute)
				if got := b.get(nodes[round], "/api/private"); got.status != 200 {
					t.Fatalf("afterwards: %d %s", got.status, got.body)
				}
			}
		}
	})
}

// A node dies while it holds the claim on a refresh. The claim expires, and another node refreshes.
func TestNodes_claimOfADeadNode(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b := newBrowser()
		b.login(w.shop)
		time.Sleep(time.Hour)
		other := w.anotherNode(w.shop)
		hang := make(chan struct{})
		w.faults.set(func(rw http.ResponseWriter, r *http.Request, next http.Handler) {
			w.faults.set(nil)
			w.store.cut(true) // it can neither release the claim nor write a result
			<-hang
		})
		var dead sync.WaitGroup
		dead.Go(func() { b.copy(w.shop).get(w.shop, "/api/private") })
		synctest.Wait()
		time.Sleep(time.Second)
		w.store.cut(false)
		began := time.Now()
		b.get(other, "/api/private").ok(t, true)
		if waited := time.Since(began); waited > 11*time.Second {
			t.Errorf("waited %v", waited)
		}
		close(hang)
		dead.Wait()
	})
}

// A node dies after it has ended a session and before it has revoked the token. Another finds the
// revocation in the store.
func TestNodes_revocationOfADeadNode(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b := newBrowser()
		b.login(w.shop)
		rec := w.store.Records()[0]
		must(t, w.store.Swap(t.Context(), &latchkey.Record{
			ID: rec.ID, Version: rec.Version + 1, App: rec.App, RefreshTokenID: rec.RefreshTokenID, Deadline: rec.Deadline,
			EndedAt: time.Now(), EndReason: latchkey.EndLogout, Unrevoked: true,
		}))
		time.Sleep(2 * time.Hour)
		if n := w.refreshTokens(); n != 0 {
			t.Errorf("%d refresh tokens are alive", n)
		}
	})
}
