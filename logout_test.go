package latchkey_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-dev/latchkey"
)

func cancelled(t *testing.T) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx, cancel
}

// The tombstone sheds its body.
func TestLogout_leavesATombstoneWithoutBody(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b := newBrowser()
		b.login(w.shop)
		b.send(w.shop, "POST", "/api/logout", "")
		for _, rec := range w.store.Records() {
			if rec.User.Email != "" || rec.Token != nil || rec.RefreshToken != nil || rec.Device.IP != "" || rec.EndReason != latchkey.EndLogout || rec.Deadline.IsZero() {
				t.Errorf("%+v", rec)
			}
		}
	})
}

func TestLogout_findsEveryCookie(t *testing.T) {
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
func TestLogout_outlivesItsRequest(t *testing.T) {
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

func TestSES07_LogoutIsFinal(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b := newBrowser()
		b.login(w.shop)
		tried := w.provider.Calls("/api/jwt/refresh")
		thief := b.copy(w.shop)
		got := b.send(w.shop, "POST", "/api/logout", "")
		if got.status != 204 || b.jar(w.shop)[sessionCookie]+b.jar(w.shop)[refreshCookie] != "" || len(got.header["Set-Cookie"]) != 3 || got.header.Get("Cache-Control") != "no-store" {
			t.Errorf("logout: %d, cookies left: %d, %v", got.status, len(b.jar(w.shop)), got.header)
		}
		thief.get(w.shop, "/api/private").want(t, 401, "login_required", "logout")
		thief.get(w.shop, "/api/user").want(t, 404, "not_logged_in", "logout")
		time.Sleep(time.Hour)
		thief.copy(w.shop, refreshCookie).get(w.shop, "/api/private").want(t, 401, "login_required", "logout")
		if n := w.provider.Calls("/api/jwt/refresh") - tried; n != 0 {
			t.Errorf("the cookies of an ended session made %d refreshes", n)
		}
		b.send(w.shop, "POST", "/api/logout", "").want(t, 204, "", "") // LIF-01: again is no error
		thief.send(w.shop, "POST", "/api/logout", "").want(t, 204, "", "")
	})
}

// REF-09: also with the provider down at that moment.
func TestREF09_LogoutRevokesAtTheProvider(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b := newBrowser()
		b.login(w.shop)
		w.faults.set(answer(503, "", ""))
		b.send(w.shop, "POST", "/api/logout", "").want(t, 204, "", "")
		synctest.Wait()
		if n := w.refreshTokens(); n != 1 {
			t.Fatalf("%d refresh tokens while the provider is down, want 1", n)
		}
		time.Sleep(time.Minute)
		w.faults.set(nil)
		time.Sleep(time.Minute)
		if n := w.refreshTokens(); n != 0 {
			t.Errorf("%d refresh tokens are alive after logout", n)
		}
	})
}

// Revocation wins: a logout while a refresh is under way.
func TestSES07_LogoutDuringRefresh(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b := newBrowser()
		b.login(w.shop)
		time.Sleep(time.Hour)
		release := make(chan struct{})
		w.faults.set(func(rw http.ResponseWriter, r *http.Request, next http.Handler) {
			if r.URL.Path == "/api/jwt/refresh" {
				<-release
			}
			next.ServeHTTP(rw, r)
		})
		slow := b.copy(w.shop)
		var all sync.WaitGroup
		all.Go(func() { slow.get(w.shop, "/api/private").want(t, 401, "login_required", "logout") })
		synctest.Wait()
		b.send(w.shop, "POST", "/api/logout", "").want(t, 204, "", "")
		close(release)
		all.Wait()
		slow.get(w.shop, "/api/private").want(t, 401, "login_required", "logout")
		time.Sleep(5 * time.Minute)
		if n := w.refreshTokens(); n != 0 {
			t.Errorf("%d refresh tokens are alive", n)
		}
	})
}

// However often a cookie comes in one request, the store is asked once for its session.
func TestLogout_manyCopiesOfACookie(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b := newBrowser()
		b.login(w.shop)
		before := w.store.readCount()
		b.send(w.shop, "POST", "/api/logout", "", func(r *http.Request) {
			cookies := r.Header.Get("Cookie")
			r.Header.Set("Cookie", cookies+strings.Repeat("; "+cookies, 100))
		}).want(t, 204, "", "")
		if n := w.store.readCount() - before; n > 5 {
			t.Errorf("%d reads of the store", n)
		}
	})
}
