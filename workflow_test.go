package latchkey_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
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

				must(t, w.provider.SetUserActive(context.Background(), w.user.ID, false)) // 19–23: the provider says no
				time.Sleep(time.Hour)
				b.get(a, "/api/private").want(t, 401, "login_required", "refresh_refused")
				b.get(a, "/api/user").want(t, 404, "not_logged_in", "refresh_refused")
			})
		})
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// 24–27: the login of one app says nothing to the other, whoever carries the cookies there.
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

func TestRefreshTokenExpires(t *testing.T) {
	simulateMonths(t, func(t *testing.T, w *world) {
		b := newBrowser()
		b.login(w.shop)
		time.Sleep(30 * 24 * time.Hour)
		b.get(w.shop, "/api/private").want(t, 401, "login_required", "refresh_expired")
		b.get(w.shop, "/api/private").want(t, 401, "login_required", "refresh_expired")
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

func TestSES07_LogoutIsFinal(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b := newBrowser()
		b.login(w.shop)
		tried := w.provider.Calls("/api/jwt/refresh")
		thief := b.copy(w.shop)
		got := b.send(w.shop, "POST", "/api/logout", "")
		if got.status != 204 || b.jar(w.shop)[sessionCookie]+b.jar(w.shop)[refreshCookie] != "" || len(got.header["Set-Cookie"]) != 2 || got.header.Get("Cache-Control") != "no-store" {
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

// refreshTokens asks the provider how many refresh tokens the user has.
func (w *world) refreshTokens() int {
	w.Helper()
	r, err := http.NewRequest("GET", w.provider.URL+"/api/jwt/refresh?userId="+w.user.ID, nil)
	must(w, err)
	r.Header.Set("Authorization", w.provider.APIKey)
	rec := newRecorder()
	w.provider.Server.ServeHTTP(rec, r) // past the faults
	if rec.Code != 200 {
		w.Fatalf("list refresh tokens: %d %s", rec.Code, rec.Body)
	}
	return strings.Count(rec.Body.String(), `"startInstant"`)
}

// LGN-09, SES-02: a login discards whatever session the browser had, and takes nothing of it over.
func TestLGN09_LoginEndsTheSessionBefore(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b := newBrowser()
		b.login(w.shop)
		old := b.copy(w.shop)
		w.provider.AddUser("bob@example.com", w.shop.application.ID)
		got := b.send(w.shop, "POST", "/api/login", `{"loginId":"BOB@example.com","password":"correct horse battery"}`)
		if got.status != 200 || !strings.Contains(got.body, "bob@example.com") {
			t.Fatalf("login as Bob: %d %s", got.status, got.body)
		}
		if got := b.get(w.shop, "/api/private"); got.body != "bob@example.com" {
			t.Errorf("who is it now? %s", got.body)
		}
		old.get(w.shop, "/api/private").want(t, 401, "login_required", "logout")
		synctest.Wait()
		if n := w.refreshTokens(); n != 0 {
			t.Errorf("Ada's refresh token is alive")
		}
		for _, name := range []string{sessionCookie, refreshCookie} {
			if value := old.jar(w.shop)[name]; b.jar(w.shop)[name] == value {
				t.Errorf("%s was taken over", name)
			}
		}
	})
}

func TestIdentify(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b := newBrowser()
		if got := b.get(w.shop, "/api/public"); got.status != 200 || got.body != "nobody" || got.minted {
			t.Errorf("anonymous: %d %s", got.status, got.body)
		}
		b.login(w.shop)
		b.get(w.shop, "/api/public").ok(t, false)
		time.Sleep(time.Hour)
		b.get(w.shop, "/api/public").ok(t, true)
		w.faults.set(answer(500, "", ""))
		time.Sleep(time.Hour)
		if got := b.get(w.shop, "/api/public"); got.status != 200 || got.body != "nobody" {
			t.Errorf("provider down: %d %s", got.status, got.body)
		}
		w.faults.set(nil)
		b.get(w.shop, "/api/public").ok(t, true)
	})
}

// A restart changes nothing: the session is in the store, the keys are in their file.
func TestRestart(t *testing.T) {
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

// The last use reaches the store without a write for each request, and within a tenth of the idle time.
func TestLastUseIsStoredInBatches(t *testing.T) {
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

func TestRememberMe(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		for body, persistent := range map[string]bool{`"remember":true`: true, `"remember":false`: false, `"email":"ada@example.com"`: true} {
			b := newBrowser()
			body = strings.TrimSuffix(`{"email":"ada@example.com",`+strings.ReplaceAll(body, `"email":"ada@example.com"`, "")+`,`, ",,") + `,"password":"correct horse battery"}`
			got := b.send(w.shop, "POST", "/api/login", strings.ReplaceAll(body, ",,", ","))
			if got.status != 200 {
				t.Fatalf("%s: %d %s", body, got.status, got.body)
			}
			for range 2 { // at login and at the refresh
				for _, line := range got.header["Set-Cookie"] {
					want := persistent && strings.HasPrefix(line, refreshCookie) || strings.HasPrefix(line, "__Host-device")
					if strings.Contains(line, "Max-Age") != want {
						t.Errorf("remember %v: %s", persistent, line)
					}
				}
				time.Sleep(time.Hour)
				got = b.get(w.shop, "/api/private")
				got.ok(t, true)
			}
		}
	})
}

// Roles and addresses that change at the provider arrive with the next refresh.
func TestRefreshBringsTheUserUpToDate(t *testing.T) {
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
