package latchkey_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// A store that has lost everything logs nobody out: the session is rebuilt from the refresh cookie.
func TestRebuild_afterLossOfTheStore(t *testing.T) {
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

func TestRebuild_needsTheProvidersYes(t *testing.T) {
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
func TestLogout_ofALostSession(t *testing.T) {
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

// After a failover the replica has the session as it was before its end. The node that made the end
// does not believe it.
func TestRollback_doesNotUndoAnEnd(t *testing.T) {
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
			synctest.Wait() // it stores the end again in the background
			// a node that did not see the end finds it in the store again
			w.shop.start(w.config(w.shop, discard))
			thief.get(w.shop, "/api/private").want(t, 401, "login_required", "logout")
		}
	})
}

// An end is stored and lost before the refresh token is revoked. The node that made it still
// revokes the token, so that no other node rebuilds the session.
func TestRollback_endLostBeforeItsRevocation(t *testing.T) {
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

// The refresh token is revoked even if the store is away.
func TestRevoke_withoutAStore(t *testing.T) {
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

// A session that another node rebuilt before its token was revoked is ended again, and so is the
// refresh token that it got meanwhile.
func TestRollback_lostEndIsRestored(t *testing.T) {
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

// A store that has lost a session's newest writes logs nobody out.
func TestRollback_ofARefresh(t *testing.T) {
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
