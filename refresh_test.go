package latchkey_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// If the provider hangs, every request has its 503 in the time of one call.
func TestRefresh_waitersShareOneCall(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b := newBrowser()
		b.login(w.shop)
		time.Sleep(time.Hour)
		b.copy(w.shop).get(w.shop, "/api/private")
		tab := b.copy(w.shop)
		b.get(w.shop, "/api/private").ok(t, true)
		time.Sleep(time.Hour)
		w.faults.set(func(_ http.ResponseWriter, r *http.Request, _ http.Handler) { <-r.Context().Done() })
		began := time.Now()
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() { b.copy(w.shop).get(w.shop, "/api/private").want(t, 503, "provider_unavailable", "") })
			all.Go(func() { tab.copy(w.shop).get(w.shop, "/api/private").want(t, 503, "provider_unavailable", "") })
		}
		all.Wait()
		if took := time.Since(began); took > 6*time.Second {
			t.Errorf("the last answer took %v", took)
		}
	})
}

// The provider performed the refresh, but its answer was lost. Its one-time token must not cost the
// user the session.
func TestREF03_LostAnswerOfTheProvider(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		for _, a := range []*app{w.shop, w.forums} {
			b := newBrowser()
			b.login(a)
			for range 3 {
				time.Sleep(time.Hour)
				w.faults.set(func(rw http.ResponseWriter, r *http.Request, next http.Handler) {
					next.ServeHTTP(newRecorder(), r)
					panic(http.ErrAbortHandler)
				})
				b.get(a, "/api/private").want(t, 503, "provider_unavailable", "")
				w.faults.set(nil)
				time.Sleep(6 * time.Hour)
				b.get(a, "/api/private").ok(t, true)
			}
		}
	})
}

// The answer with the new cookies never reached the browser, which comes back with the old ones,
// hours later.
func TestRefresh_lostAnswerOfTheApp(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b := newBrowser()
		b.login(w.shop)
		for range 5 {
			time.Sleep(time.Hour)
			b.copy(w.shop).get(w.shop, "/api/private").ok(t, true) // this answer is lost
			time.Sleep(5 * time.Hour)
			b.get(w.shop, "/api/private").ok(t, true)
			b.get(w.shop, "/api/private").ok(t, false)
			time.Sleep(5 * time.Minute)
			b.get(w.shop, "/api/private").ok(t, false)
		}
	})
}

// REF-01: a page that wakes up sends many requests at once.
func TestREF01_OneRefreshForManyRequests(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b := newBrowser()
		b.login(w.shop)
		tried := w.provider.Calls("/api/jwt/refresh")
		time.Sleep(time.Hour)
		w.faults.set(func(rw http.ResponseWriter, r *http.Request, next http.Handler) {
			time.Sleep(time.Second)
			next.ServeHTTP(rw, r)
		})
		tab := b.copy(w.shop)
		var all sync.WaitGroup
		var pairs []string
		var mu sync.Mutex
		for range 100 {
			all.Go(func() {
				got := tab.copy(w.shop).get(w.shop, "/api/private")
				if got.status != 200 {
					t.Errorf("%d %s", got.status, got.body)
				}
				mu.Lock()
				defer mu.Unlock()
				pairs = append(pairs, got.header["Set-Cookie"]...)
			})
		}
		all.Wait()
		if n := w.provider.Calls("/api/jwt/refresh") - tried; n != 1 || len(pairs) != 2 {
			t.Errorf("%d refreshes, %d cookies; want one and a pair", n, len(pairs))
		}
	})
}

// The browser that began the refresh goes away; the others get their answer.
func TestRefresh_outlivesItsFirstCaller(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b := newBrowser()
		b.login(w.shop)
		tried := w.provider.Calls("/api/jwt/refresh")
		time.Sleep(time.Hour)
		w.faults.set(func(rw http.ResponseWriter, r *http.Request, next http.Handler) {
			time.Sleep(time.Second)
			next.ServeHTTP(rw, r)
		})
		first := b.copy(w.shop)
		go func() {
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			if _, err := first.of(w.shop).Do(w.shop.App, w.shop.NewRequest(ctx, "GET", "/api/private", "")); err == nil {
				t.Error("the first caller was meant to go away")
			}
		}()
		time.Sleep(500 * time.Millisecond)
		b.get(w.shop, "/api/private").ok(t, false) // the cookies went with the first answer
		b.get(w.shop, "/api/private").ok(t, true)  // and come again
		if n := w.provider.Calls("/api/jwt/refresh") - tried; n != 1 {
			t.Errorf("%d refreshes", n)
		}
	})
}

// REF-14: a refresh that returns another user's tokens ends the session.
func TestREF14_RefreshForAnotherUser(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		w.provider.AddUser("bob@example.com", w.shop.application.ID)
		b := newBrowser()
		b.login(w.shop)
		foreign := ""
		w.faults.set(func(rw http.ResponseWriter, r *http.Request, next http.Handler) {
			if r.URL.Path != "/api/jwt/refresh" {
				next.ServeHTTP(rw, r)
				return
			}
			rw.Header().Set("Content-Type", "application/json")
			fmt.Fprint(rw, foreign)
		})
		rec := newRecorder()
		login, err := http.NewRequest("POST", "http://idp.test/api/login", strings.NewReader(
			fmt.Sprintf(`{"loginId":"bob@example.com","password":"correct horse battery","applicationId":%q}`, w.shop.application.ID)))
		must(t, err)
		login.Header.Set("Authorization", w.provider.APIKey)
		login.Header.Set("Content-Type", "application/json")
		w.provider.Server.ServeHTTP(rec, login)
		foreign = rec.Body.String()
		time.Sleep(time.Hour)
		b.get(w.shop, "/api/private").want(t, 401, "login_required", "refresh_refused")
		b.get(w.shop, "/api/user").want(t, 404, "not_logged_in", "refresh_refused")
		if !strings.Contains(w.log.String(), "tokens of another") {
			t.Error("the operator is not told")
		}
	})
}

func TestRefresh_tokenExpires(t *testing.T) {
	simulateMonths(t, func(t *testing.T, w *world) {
		b := newBrowser()
		b.login(w.shop)
		time.Sleep(30 * 24 * time.Hour)
		b.get(w.shop, "/api/private").want(t, 401, "login_required", "refresh_expired")
		b.get(w.shop, "/api/private").want(t, 401, "login_required", "refresh_expired")
	})
}

// Roles and addresses that change at the provider arrive with the next refresh.
func TestRefresh_updatesTheUser(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b := newBrowser()
		b.login(w.shop)
		must(t, w.provider.Register(t.Context(), w.user.ID, w.shop.application.ID, "user", "editor"))
		time.Sleep(time.Hour)
		if got := b.get(w.shop, "/api/user"); !strings.Contains(got.body, `"roles":["user","editor"]`) && !strings.Contains(got.body, `"roles":["editor","user"]`) {
			t.Errorf("after the refresh: %s", got.body)
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
