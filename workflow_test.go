package latchkey_test

import (
	"context"
	"strings"
	"testing"
	"time"
)

// The workflow, arrow by arrow, for an app of each kind of refresh call.
func TestWorkflow(t *testing.T) {
	for _, c := range []struct{ app, refreshCall string }{{"store", "/api/jwt/refresh"}, {"forums", "/oauth2/token"}} {
		t.Run(c.app, func(t *testing.T) {
			simulate(t, func(t *testing.T, w *world) {
				a := map[string]*app{"store": w.shop, "forums": w.forums}[c.app]
				b := newBrowser()

				b.get(a, "/api/user").want(t, 404, "not_logged_in", "") // 3–4
				b.get(a, "/api/private").want(t, 401, "login_required", "")

				got := b.login(a) // 6–10
				if !got.minted || !strings.HasPrefix(got.body, `{"user":{"id":"`+w.user.ID+`","email":"ada@example.com"`) {
					t.Errorf("login: %s, new cookies: %v", got.body, got.minted)
				}
				if user := b.get(a, "/api/user"); user.body != got.body || user.minted {
					t.Errorf("user after login: %d %s", user.status, user.body)
				}

				tried := w.provider.Calls(c.refreshCall) // whether it may refresh

				b.get(a, "/api/private").ok(t, false) // 11–13
				for range 2 {                         // extended by each use
					time.Sleep(20 * time.Minute)
					b.get(a, "/api/private").ok(t, false)
				}
				if n := w.provider.Calls(c.refreshCall) - tried; n != 0 {
					t.Errorf("%d refreshes while the session was alive", n)
				}

				time.Sleep(30 * time.Minute) // 14–18: idle for as long as that
				before := b.jar(a)[sessionCookie]
				b.get(a, "/api/private").ok(t, true)
				if b.jar(a)[sessionCookie] == before || w.provider.Calls(c.refreshCall)-tried != 1 {
					t.Errorf("after expiry: same session id, or %d refreshes", w.provider.Calls(c.refreshCall)-tried)
				}
				b.get(a, "/api/private").ok(t, false)

				for range 5 { // under constant use until the cap
					time.Sleep(13 * time.Minute)
					if got := b.get(a, "/api/private"); got.status != 200 {
						t.Errorf("in constant use: %d %s", got.status, got.body)
					}
				}
				if n := w.provider.Calls(c.refreshCall) - tried; n != 2 {
					t.Errorf("%d refreshes after the cap, want 2", n)
				}

				// 19–23: the provider says no
				must(t, w.provider.SetUserActive(context.Background(), w.user.ID, false))
				time.Sleep(time.Hour)
				b.get(a, "/api/private").want(t, 401, "login_required", "refresh_refused")
				b.get(a, "/api/user").want(t, 404, "not_logged_in", "refresh_refused")
			})
		})
	}
}

// 24–27: a login at one app is no login at the other, even with the first one's cookies copied
// there.
func TestNoSingleSignOn(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b := newBrowser()
		b.login(w.shop)
		b.get(w.forums, "/api/user").want(t, 404, "not_logged_in", "")
		for name, value := range b.jar(w.shop) {
			b.set(w.forums, name, value)
		}
		b.get(w.forums, "/api/user").want(t, 404, "not_logged_in", "")
		b.get(w.forums, "/api/private").want(t, 401, "login_required", "")
		time.Sleep(time.Hour)
		b.get(w.forums, "/api/private").want(t, 401, "login_required", "")
		b.get(w.shop, "/api/private").ok(t, true)
	})
}

// SES-05: the absolute end counts from login, whatever happens after it.
func TestSES05_AbsoluteTimeout(t *testing.T) {
	simulateMonths(t, func(t *testing.T, w *world) {
		b := newBrowser()
		b.login(w.shop)
		for range 8 {
			time.Sleep(11 * 24 * time.Hour)
			b.get(w.shop, "/api/private").ok(t, true)
		}
		time.Sleep(2 * 24 * time.Hour)
		b.get(w.shop, "/api/private").want(t, 401, "login_required", "absolute_timeout")
	})
}
