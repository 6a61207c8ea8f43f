package latchkey_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-dev/latchkey"
)

// REF-10: only an authoritative no ends a session. Everything else is 503, and then the same cookies go on.
func TestREF10_ProviderInTrouble(t *testing.T) {
	for name, fault := range map[string]func(http.ResponseWriter, *http.Request, http.Handler){
		"slow": func(_ http.ResponseWriter, r *http.Request, _ http.Handler) {
			<-r.Context().Done()
		},
		"connection reset":       func(http.ResponseWriter, *http.Request, http.Handler) { panic(http.ErrAbortHandler) },
		"500":                    answer(500, "", ""),
		"503":                    answer(503, "text/html", "<h1>busy</h1>"),
		"429":                    answer(429, "", ""),
		"HTML with 200":          answer(200, "text/html", "<h1>Welcome</h1>"),
		"nonsense JSON with 200": answer(200, "application/json", `{"token":17}`),
		"empty 200":              answer(200, "", ""),
		"not a JWT":              answer(200, "application/json", `{"token":"this is no JWT","refreshToken":"nor is this"}`),
		"302":                    answer(302, "", ""),
		"HTML 404 of a proxy":    answer(404, "text/html", "<h1>Not found</h1>"),
		"plain 404 of a server that is not a provider": answer(404, "", ""),
		"plain 401 of such a server":                   answer(401, "", ""),
		"400 that names no token":                      answer(400, "application/json", `{"generalErrors":[{"code":"[TenantIdRequired]"}]}`),
		"invalid_client":                               answer(401, "application/json", `{"error":"invalid_client"}`),
		"a megabyte":                                   answer(200, "application/json", strings.Repeat(" ", 2<<20)),
	} {
		t.Run(name, func(t *testing.T) {
			simulate(t, func(t *testing.T, w *world) {
				for _, a := range []*app{w.shop, w.forums} {
					b := newBrowser()
					b.login(a)
					time.Sleep(time.Hour)
					w.faults.set(fault)
					for range 3 {
						got := b.get(a, "/api/private")
						got.want(t, 503, "provider_unavailable", "")
						if got.header.Get("Retry-After") == "" || len(got.header["Set-Cookie"]) != 0 || len(b.jar(a)) != 3 {
							t.Errorf("%v", got.header)
						}
						b.get(a, "/api/user").want(t, 503, "provider_unavailable", "")
					}
					got := newBrowser().send(a, "POST", "/api/login", `{"email":"ada@example.com","password":"p"}`)
					if got.status == 200 || got.status == 401 || got.minted {
						t.Errorf("login: %d %s", got.status, got.body)
					}
					w.faults.set(nil)
					b.get(a, "/api/private").ok(t, true)
				}
				if a := w.log.String(); !strings.Contains(a, "msg=provider_unavailable") {
					t.Error("the operator is not told")
				}
			})
		})
	}
}

// The provider performed the refresh, but its answer was lost. Its one-time token must not cost the user the session.
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

// The answer with the new cookies never reached the browser, which comes back with the old ones, hours later.
func TestLostAnswerOfTheApp(t *testing.T) {
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
func TestRefreshOutlivesItsFirstCaller(t *testing.T) {
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

func TestARC12_StoreDown(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b := newBrowser()
		b.login(w.shop)
		w.store.cut(true)
		for _, path := range []string{"/api/private", "/api/user"} {
			got := b.get(w.shop, path)
			got.want(t, 503, "provider_unavailable", "")
			if len(b.jar(w.shop)) != 3 || got.header.Get("Retry-After") == "" {
				t.Error("cookies were touched, or no Retry-After")
			}
		}
		got := newBrowser().send(w.shop, "POST", "/api/login", `{"email":"ada@example.com","password":"correct horse battery"}`)
		if got.status != 503 || got.minted {
			t.Errorf("login: %d %s", got.status, got.body)
		}
		thief := b.copy(w.shop)
		told := strings.Count(w.log.String(), "msg=provider_unavailable")
		b.send(w.shop, "POST", "/api/logout", "").want(t, 503, "logout_incomplete", "")
		if strings.Count(w.log.String(), "msg=provider_unavailable") == told {
			t.Error("the operator is not told of the logout")
		}
		if len(b.jar(w.shop)) != 1 {
			t.Error("cookies are left after an incomplete logout")
		}
		thief.get(w.shop, "/api/private").want(t, 401, "login_required", "logout") // known here at once
		w.store.cut(false)
		time.Sleep(time.Minute)
		w.shop.start(w.config(w.shop, discard)) // and stored as soon as that was possible
		thief.get(w.shop, "/api/private").want(t, 401, "login_required", "logout")
		synctest.Wait()
		if n := w.refreshTokens(); n != 0 {
			t.Errorf("%d refresh tokens are alive: that of the session, or that of the login without one", n)
		}
	})
}

// REF-14: a token of somebody else is nobody's session.
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

// 36–40: a stolen refresh cookie with a bad session id. It works once, and then betrays the thief.
func TestStolenRefreshCookie(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		victim := newBrowser()
		victim.login(w.shop)
		time.Sleep(2 * time.Minute)
		victim.get(w.shop, "/api/private").ok(t, false)
		thief := victim.copy(w.shop, refreshCookie)
		thief.set(w.shop, sessionCookie, "garbage")
		thief.get(w.shop, "/api/private").ok(t, true)
		var caught bool
		for range 30 { // both go on, a minute between their requests
			time.Sleep(time.Minute)
			one := victim.get(w.shop, "/api/private")
			other := thief.get(w.shop, "/api/private")
			caught = one.status == 401 && other.status == 401
			if caught {
				if one.reason != "reuse_detected" && other.reason != "reuse_detected" {
					t.Errorf("reasons %q and %q", one.reason, other.reason)
				}
				break
			}
		}
		if !caught {
			t.Fatal("two who use one session for half an hour were not noticed")
		}
		thief.get(w.shop, "/api/private").want(t, 401, "login_required", "reuse_detected")
		synctest.Wait()
		if n := w.refreshTokens(); n != 0 {
			t.Error("the stolen refresh token is alive at the provider")
		}
	})
}

// 41–43: a stolen session id alone lives until idle time or cap, and brings nothing back.
func TestStolenSessionID(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		victim := newBrowser()
		victim.login(w.shop)
		thief := victim.copy(w.shop, sessionCookie)
		thief.get(w.shop, "/api/private").ok(t, false)
		for range 4 {
			time.Sleep(14 * time.Minute)
			thief.get(w.shop, "/api/private").ok(t, false)
		}
		time.Sleep(4 * time.Minute) // the cap
		thief.get(w.shop, "/api/private").want(t, 401, "login_required", "")
		victim.get(w.shop, "/api/private").ok(t, true)
		time.Sleep(2 * time.Minute)
		victim.get(w.shop, "/api/private").ok(t, false)
		time.Sleep(3 * time.Minute)
		thief.get(w.shop, "/api/private").want(t, 401, "login_required", "")
		victim.get(w.shop, "/api/private").ok(t, false) // a session cookie alone never ends the victim's session
	})
}

func TestConfigMistakesAreReportedTogether(t *testing.T) {
	_, err := latchkey.New(latchkey.Config{Origin: "http://shop.example.com/", IdleTimeout: -1, InFlightWindow: time.Hour, RefreshAhead: 2 * time.Hour, Keys: latchkey.KeyRing{{}}})
	for _, field := range []string{"Origin", "Provider", "Store", "Keys", "IdleTimeout", "InFlightWindow", "RefreshAhead"} {
		if err == nil || !strings.Contains(err.Error(), "Config."+field+": ") {
			t.Errorf("nothing about %s in: %v", field, err)
		}
	}
	var first *latchkey.ConfigError
	if !errors.As(err, &first) || first.Field != "Origin" {
		t.Errorf("first: %+v", first)
	}
	for origin, want := range map[string]string{
		"": "required", "shop.example.com": "not an origin", "ftp://x": "not an origin", "https://": "not an origin",
		"https://shop.example.com/": "more than an origin", "https://u@shop.example.com": "more than an origin", "https://Shop.example.com": "more than an origin",
		"https://shop.example.com:443": "leave", "http://localhost:80": "leave", "http://shop.example.com": "must be https", "http://localhost.example.com": "must be https",
		"https://12345": "its host", "https://0x7f.1": "its host", "https://127.1": "its host", "https://127.0.0.01": "its host", "https://[0:0:0:0:0:0:0:1]": "its host", "https://[2001:DB8::1]": "more than an origin",
		"https://[::ffff:127.0.0.1]": "its host", "https://[fe80::1%25eth0]": "Origin", "https://[2001:db8::1]": "", "https://4shop.example.com4": "",
		"https://shop.example.com": "", "http://shop.localhost:8080": "", "http://127.0.0.1:8080": "", "http://[::1]": "", "https://shop.example.com:8443": "",
	} {
		_, err := latchkey.New(latchkey.Config{Origin: origin})
		if got := err.Error(); strings.Contains(got, "Origin") != (want != "") || !strings.Contains(got, want) {
			t.Errorf("%q: %v", origin, err)
		}
	}
}
