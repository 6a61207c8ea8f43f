package latchkey_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/idp/idptest"
)

// A store that has lost everything logs nobody out: the refresh cookie makes the session whole again.
func TestRebuildAfterLossOfTheStore(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		for _, a := range []*app{w.shop, w.forums} {
			b := newBrowser()
			b.login(a)
			time.Sleep(90 * time.Minute)
			b.get(a, "/api/private").ok(t, true)
			w.store.lose()
			tab := b.copy(a)
			b.get(a, "/api/private").ok(t, true)
			tab.get(a, "/api/private").ok(t, true) // a second tab, with the same old cookies
			for range 3 {
				time.Sleep(10 * time.Minute)
				b.get(a, "/api/private")
			}
			time.Sleep(90 * time.Minute)
			b.get(a, "/api/private").ok(t, true)
		}
	})
}

func TestRebuildNeedsTheProvidersYes(t *testing.T) {
	simulateMonths(t, func(t *testing.T, w *world) {
		b := newBrowser()
		b.login(w.shop)
		w.store.lose()
		w.faults.set(answer(503, "", ""))
		b.get(w.shop, "/api/private").want(t, 503, "provider_unavailable", "")
		w.faults.set(nil)
		must(t, w.provider.SetUserActive(t.Context(), w.user.ID, false))
		b.get(w.shop, "/api/private").want(t, 401, "login_required", "refresh_refused")
		time.Sleep(90 * 24 * time.Hour)
		b.get(w.shop, "/api/private").want(t, 401, "login_required", "absolute_timeout")
	})
}

// A logout that finds the store empty still ends the session everywhere.
func TestLogoutOfALostSession(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b := newBrowser()
		b.login(w.shop)
		thief := b.copy(w.shop)
		w.store.lose()
		b.send(w.shop, "POST", "/api/logout", "").want(t, 204, "", "")
		thief.get(w.shop, "/api/private").want(t, 401, "login_required", "logout")
		synctest.Wait()
		if n := w.refreshTokens(); n != 0 {
			t.Errorf("%d refresh tokens are alive", n)
		}
	})
}

// A replica that took over has the session of yesterday: alive. The node knows better.
func TestRollbackDoesNotBringAnEndBack(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		for _, lost := range []string{"the end", "everything"} {
			b := newBrowser()
			b.login(w.shop)
			thief := b.copy(w.shop)
			w.store.snapshot()
			b.send(w.shop, "POST", "/api/logout", "").want(t, 204, "", "")
			if lost == "everything" {
				w.store.lose()
			} else {
				w.store.rollback()
			}
			thief.get(w.shop, "/api/private").want(t, 401, "login_required", "logout")
			synctest.Wait()                         // it stores the end again in the background
			w.shop.start(w.config(w.shop, discard)) // a node that did not see the end finds it in the store again
			thief.get(w.shop, "/api/private").want(t, 401, "login_required", "logout")
		}
	})
}

// An end was stored and lost before the provider heard of it. The node that made it still has the refresh token revoked, so that no other node makes the session whole again.
func TestEndLostBeforeItsRevocation(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		other := w.anotherNode(w.shop)
		b := newBrowser()
		b.login(w.shop)
		thief := b.copy(w.shop)
		w.faults.set(answer(503, "", ""))
		b.send(w.shop, "POST", "/api/logout", "").want(t, 204, "", "")
		synctest.Wait()
		w.store.lose()
		w.faults.set(nil)
		time.Sleep(2 * time.Minute) // the longest pause between two tries
		if n := w.refreshTokens(); n != 0 {
			t.Errorf("%d refresh tokens are alive", n)
		}
		thief.get(other, "/api/private").want(t, 401, "login_required", "logout")
	})
}

// The provider hears of an end while the store is away.
func TestEndIsRevokedWithoutAStore(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b := newBrowser()
		b.login(w.shop)
		w.store.cut(true)
		b.send(w.shop, "POST", "/api/logout", "").want(t, 503, "logout_incomplete", "")
		synctest.Wait()
		if n := w.refreshTokens(); n != 0 {
			t.Errorf("%d refresh tokens are alive", n)
		}
	})
}

// A session that another node made whole before the provider heard of its end is ended again, with the refresh token that it got meanwhile.
func TestEndLostAndUndoneIsRestored(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		other := w.anotherNode(w.shop)
		b := newBrowser()
		b.login(w.shop)
		thief := b.copy(w.shop)
		w.faults.set(func(rw http.ResponseWriter, r *http.Request, next http.Handler) {
			if r.Method == http.MethodDelete {
				rw.WriteHeader(503)
				return
			}
			next.ServeHTTP(rw, r)
		})
		b.send(w.shop, "POST", "/api/logout", "").want(t, 204, "", "")
		synctest.Wait()
		w.store.lose()
		thief.get(other, "/api/private").ok(t, true) // this node cannot know
		w.faults.set(nil)
		time.Sleep(2 * time.Minute)
		thief.get(other, "/api/private").want(t, 401, "login_required", "logout")
		if n := w.refreshTokens(); n != 0 {
			t.Errorf("%d refresh tokens are alive", n)
		}
	})
}

// The newest writes of a session are lost, and nobody is logged out.
func TestRollbackOfARefresh(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b := newBrowser()
		b.login(w.shop)
		time.Sleep(10 * time.Minute)
		b.get(w.shop, "/api/private").ok(t, false)
		w.store.snapshot()
		time.Sleep(time.Hour)
		b.get(w.shop, "/api/private").ok(t, true)
		time.Sleep(5 * time.Minute)
		b.get(w.shop, "/api/private").ok(t, false)
		w.store.rollback()
		w.shop.start(w.config(w.shop, discard))
		b.get(w.shop, "/api/private").ok(t, true) // generation 2, of which the store knows nothing
		time.Sleep(5 * time.Minute)
		b.get(w.shop, "/api/private").ok(t, false)
	})
}

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
					for name, value := range tab.jar(w.shop) { // the last answer wins, as in a browser
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

// The node that had the claim died in the middle. Its claim runs out, and another node goes on.
func TestClaimOfADeadNode(t *testing.T) {
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

// A node died after it had ended a session and before it could revoke the token. The others find it in the store.
func TestRevocationOfADeadNode(t *testing.T) {
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

// A bad deploy at the provider refuses everybody: after the sessions of twenty users, refusals end nothing.
func TestProviderThatRefusesEverybody(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		var browsers []*browser
		for i := range 30 {
			email := fmt.Sprintf("user%d@example.com", i)
			w.provider.AddUser(email, w.shop.application.ID)
			b := newBrowser()
			b.try(w.shop, email, idptest.Password).want(t, 200, "", "")
			browsers = append(browsers, b)
		}
		time.Sleep(time.Hour)
		w.faults.set(answer(400, "application/json", tokenRefused))
		statuses := make(map[int]int)
		for _, b := range browsers {
			statuses[b.get(w.shop, "/api/private").status]++
		}
		if statuses[401] != 20 || statuses[503] != 10 {
			t.Errorf("statuses %v, want 20 refusals and 10 times do not know", statuses)
		}
		w.faults.set(nil)
		for _, b := range browsers[20:] {
			if got := b.get(w.shop, "/api/private"); got.status != 200 {
				t.Errorf("status %d", got.status)
			}
		}
		if !strings.Contains(w.log.String(), "refuses every session") {
			t.Error("the operator is not told")
		}
	})
}

func TestEvents(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		var mu sync.Mutex
		var seen []string
		config := w.config(w.shop, discard)
		config.OnEvent = func(_ context.Context, e latchkey.Event) {
			mu.Lock()
			defer mu.Unlock()
			if e.App != "store" || e.Time.IsZero() || e.Device.IP != "203.0.113.7" {
				t.Errorf("%+v", e)
			}
			seen = append(seen, strings.TrimSpace(fmt.Sprint(e.Kind, " ", e.Code, e.Reason)))
		}
		w.shop.start(config)
		b := newBrowser()
		b.send(w.shop, "POST", "/api/login", `{"email":"ada@example.com","password":"wrong"}`)
		b.login(w.shop)
		time.Sleep(2 * time.Minute)
		b.get(w.shop, "/api/private")
		thief := b.copy(w.shop)
		time.Sleep(time.Hour)
		w.faults.set(answer(500, "", ""))
		b.get(w.shop, "/api/private")
		w.faults.set(nil)
		b.get(w.shop, "/api/private")
		time.Sleep(5 * time.Minute)
		b.get(w.shop, "/api/private")
		time.Sleep(5 * time.Minute)
		thief.copy(w.shop, sessionCookie).get(w.shop, "/api/private")
		thief.get(w.shop, "/api/private")
		b.login(w.shop)
		b.send(w.shop, "POST", "/api/logout", "")
		want := "login_failed invalid_credentials, login, confirmed, provider_unavailable, refreshed, confirmed, stale, theft, ended reuse_detected, login, ended logout"
		if got := strings.Join(seen, ", "); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	})
}
