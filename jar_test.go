package latchkey_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-dev/latchkey/idp/idptest"
)

// Rule 0: a session cookie does not borrow the refresh cookie of another session, nor an older one of its own.
func TestBorrowedRefreshCookie(t *testing.T) {
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

func TestOlderRefreshCookieOfTheSameSession(t *testing.T) {
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

// The refresh cookie of another branch of the same generation: the session cookie's branch must not be renewed with it.
func TestRefreshCookieOfAnotherBranch(t *testing.T) {
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

// The parent's cookies are both needed for new ones: the quick path must not serve the session cookie and mint nothing for ever.
func TestParentsPairIsMinted(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b := newBrowser()
		b.login(w.shop)
		time.Sleep(time.Hour)
		b.copy(w.shop).get(w.shop, "/api/private").ok(t, true) // lost
		b.copy(w.shop, sessionCookie).get(w.shop, "/api/private").ok(t, false)
		b.get(w.shop, "/api/private").ok(t, true)
	})
}

// CKE-11: what is not genuine costs no look into the store.
func TestCKE11_ForgedCookiesReadNothing(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b := newBrowser()
		b.login(w.shop)
		flip := func(value string) string { return value[:60] + string(value[60]^1) + value[61:] }
		forged := newBrowser()
		forged.set(w.shop, sessionCookie, flip(b.jar(w.shop)[sessionCookie]))
		forged.set(w.shop, refreshCookie, flip(b.jar(w.shop)[refreshCookie]))
		before := w.store.readCount()
		for range 1000 {
			forged.get(w.shop, "/api/private").want(t, 401, "login_required", "")
		}
		if n := w.store.readCount() - before; n != 0 {
			t.Errorf("%d reads", n)
		}
		calls := w.provider.Calls("/api/jwt/refresh")
		b.get(w.shop, "/api/private").ok(t, false)
		if n := w.store.readCount() - before; n != 1 || calls != w.provider.Calls("/api/jwt/refresh") {
			t.Errorf("a live session: %d reads, want 1", n)
		}
	})
}

func TestLogoutFindsEveryCookie(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		two := func() (*browser, *browser) {
			one, other := newBrowser(), newBrowser()
			one.login(w.shop)
			other.login(w.shop)
			return one, other
		}
		one, other := two() // the refresh cookie alone
		one.copy(w.shop, refreshCookie).send(w.shop, "POST", "/api/logout", "").want(t, 204, "", "")
		one.get(w.shop, "/api/private").want(t, 401, "login_required", "logout")
		other.get(w.shop, "/api/private").ok(t, false)

		one, other = two() // cookies of two sessions
		mixed := one.copy(w.shop, sessionCookie)
		mixed.set(w.shop, refreshCookie, other.jar(w.shop)[refreshCookie])
		mixed.send(w.shop, "POST", "/api/logout", "").want(t, 204, "", "")
		one.get(w.shop, "/api/private").want(t, 401, "login_required", "logout")
		other.get(w.shop, "/api/private").want(t, 401, "login_required", "logout")

		one, other = two() // a name twice
		double := sessionCookie + "=" + one.jar(w.shop)[sessionCookie] + "; " + sessionCookie + "=" + other.jar(w.shop)[sessionCookie]
		newBrowser().send(w.shop, "POST", "/api/logout", "", header("Cookie", double)).want(t, 204, "", "")
		one.get(w.shop, "/api/private").want(t, 401, "login_required", "logout")
		other.get(w.shop, "/api/private").want(t, 401, "login_required", "logout")
	})
}

// The page is closed right after the click.
func TestLogoutOutlivesItsRequest(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b := newBrowser()
		b.login(w.shop)
		thief := b.copy(w.shop)
		r, err := http.NewRequest("POST", "http://"+w.shop.host+"/api/logout", nil)
		must(t, err)
		r.Header.Set("Origin", "https://"+w.shop.host)
		for name, value := range b.jar(w.shop) {
			r.AddCookie(&http.Cookie{Name: name, Value: value})
		}
		ctx, cancel := cancelled(t)
		defer cancel()
		rec := newRecorder()
		w.shop.guard.ServeLogout(rec, r.WithContext(ctx))
		thief.get(w.shop, "/api/private").want(t, 401, "login_required", "logout")
	})
}

// The queue of revocations is in the store: a restart finds it, and one that cannot be done holds up no other.
func TestRevocationsSurviveARestart(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		w.faults.set(func(rw http.ResponseWriter, r *http.Request, next http.Handler) {
			if r.Method == "DELETE" {
				rw.WriteHeader(503)
				return
			}
			next.ServeHTTP(rw, r)
		})
		for range 120 { // more than one page of the queue
			b := newBrowser()
			b.login(w.shop)
			b.send(w.shop, "POST", "/api/logout", "").want(t, 204, "", "")
		}
		must(t, w.shop.guard.Close(t.Context()))
		if n := w.refreshTokens(); n != 120 {
			t.Fatalf("%d refresh tokens", n)
		}
		stuck := ""
		w.faults.set(func(rw http.ResponseWriter, r *http.Request, next http.Handler) {
			if r.Method == "DELETE" && (stuck == "" || stuck == r.URL.Path) {
				stuck = r.URL.Path
				rw.WriteHeader(500)
				return
			}
			next.ServeHTTP(rw, r)
		})
		w.shop.start(w.config(w.shop, discard))
		synctest.Wait()
		if n := w.refreshTokens(); n != 1 {
			t.Errorf("%d refresh tokens are alive, want the one that cannot be revoked", n)
		}
		w.faults.set(nil)
		time.Sleep(2 * time.Minute)
		if n := w.refreshTokens(); n != 0 {
			t.Errorf("%d refresh tokens are alive", n)
		}
	})
}

// A proxy that answers 404 for the provider has revoked nothing.
func TestRevocationIsNotBelievedOfAProxy(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b := newBrowser()
		b.login(w.shop)
		time.Sleep(5 * time.Minute)
		w.faults.set(answer(404, "", ""))
		b.send(w.shop, "POST", "/api/logout", "").want(t, 204, "", "")
		time.Sleep(time.Hour)
		w.faults.set(nil)
		time.Sleep(5 * time.Minute)
		if n := w.refreshTokens(); n != 0 {
			t.Errorf("%d refresh tokens are alive", n)
		}
	})
}

func TestTombstonesAreSweptAtTheirDeadline(t *testing.T) {
	simulateMonths(t, func(t *testing.T, w *world) {
		b := newBrowser()
		b.login(w.shop)
		b.send(w.shop, "POST", "/api/logout", "")
		time.Sleep(91 * 24 * time.Hour)
		synctest.Wait()
		if !strings.Contains(w.log.String(), "removed=1") {
			t.Error("nothing was swept")
		}
	})
}

// ARC-07: no session id outlives its refresh token, and the cookie says so.
func TestARC07_ShortRefreshTokens(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		config := w.config(w.shop, discard)
		config.RefreshTTL = 10 * time.Minute
		w.shop.start(config)
		b := newBrowser()
		got := b.login(w.shop)
		if !strings.Contains(strings.Join(got.header["Set-Cookie"], "\n"), "Max-Age=600;") {
			t.Errorf("%v", got.header["Set-Cookie"])
		}
		time.Sleep(9 * time.Minute)
		b.get(w.shop, "/api/private").ok(t, false)
		time.Sleep(time.Minute)
		b.get(w.shop, "/api/private").want(t, 401, "login_required", "refresh_expired")

		config = w.config(w.shop, discard)
		config.AbsoluteTimeout, config.RefreshTTL = 3*time.Hour, 2*time.Hour
		w.shop.start(config)
		b = newBrowser()
		b.login(w.shop)
		time.Sleep(90 * time.Minute)
		got = b.get(w.shop, "/api/private")
		got.ok(t, true)
		if !strings.Contains(strings.Join(got.header["Set-Cookie"], "\n"), "Max-Age=5400;") {
			t.Errorf("the cookie outlives the absolute end: %v", got.header["Set-Cookie"])
		}
	})
}
