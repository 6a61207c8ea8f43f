package latchkey_test

import (
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey/idp/idptest"
)

// Rule 0: a session cookie is not refreshed with another session's refresh cookie, nor with an
// older one of its own session.
func TestCookiePair_refreshCookieOfAnotherSession(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		w.provider.AddUser("bob@example.com", w.shop.application.ID)
		victim, thief := newBrowser(), newBrowser()
		victim.login(w.shop)
		thief.try(w.shop, "bob@example.com", idptest.Password).want(t, 200, "", "")
		thief.set(w.shop, sessionCookie, victim.jar(w.shop)[sessionCookie])
		time.Sleep(time.Hour)
		if got := thief.get(w.shop, "/api/private"); got.body == "ada@example.com" {
			t.Error("a session cookie was refreshed with another session's refresh cookie")
		}
	})
}

func TestCookiePair_olderRefreshCookie(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b := newBrowser()
		b.login(w.shop)
		old := b.jar(w.shop)[refreshCookie]
		time.Sleep(time.Hour)
		b.get(w.shop, "/api/private").ok(t, true)
		time.Sleep(5 * time.Minute)
		b.get(w.shop, "/api/private").ok(t, false)
		thief := b.copy(w.shop, sessionCookie)
		thief.set(w.shop, refreshCookie, old)
		time.Sleep(time.Hour)
		if got := thief.get(w.shop, "/api/private"); got.status == 200 {
			t.Error("a session cookie was refreshed with an older refresh cookie")
		}
	})
}

// The refresh cookie of another branch of the same generation: the session cookie's branch must not
// be renewed with it.
func TestCookiePair_refreshCookieOfAnotherBranch(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b := newBrowser()
		b.login(w.shop)
		time.Sleep(time.Hour)
		lost, kept := b.copy(w.shop), b.copy(w.shop)
		lost.get(w.shop, "/api/private").ok(t, true)
		kept.get(w.shop, "/api/private").ok(t, true) // two branches of generation 2
		time.Sleep(90 * time.Second)
		kept.get(w.shop, "/api/private").ok(t, false)
		time.Sleep(250 * time.Second)
		kept.get(w.shop, "/api/private").ok(t, false) // settled
		mixed := kept.copy(w.shop, sessionCookie)
		mixed.set(w.shop, refreshCookie, lost.jar(w.shop)[refreshCookie])
		mixed.get(w.shop, "/api/private").ok(t, false) // the live session cookie speaks alone
		time.Sleep(time.Hour)
		mixed.get(w.shop, "/api/private").want(t, 401, "login_required", "reuse_detected")
	})
}

// Both of the predecessor's cookies together get new ones. The fast path must not go on serving the
// session cookie without replacing the pair.
func TestCookiePair_ofThePredecessorGetsNewCookies(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b := newBrowser()
		b.login(w.shop)
		time.Sleep(time.Hour)
		b.copy(w.shop).get(w.shop, "/api/private").ok(t, true) // lost
		b.copy(w.shop, sessionCookie).get(w.shop, "/api/private").ok(t, false)
		b.get(w.shop, "/api/private").ok(t, true)
	})
}
