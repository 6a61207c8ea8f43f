package latchkey_test

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/internal/onetime"
	"github.com/latchkey-dev/latchkey/latchkeytest"
)

// With RefreshAhead a handler never sees an expired JWT while the browser is in use, no request
// waits for the provider, and the session goes on as ever.
func TestRefreshAhead_handlersGetLivingTokens(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		a := w.newApp("ahead", idp.Application{AccessTokenTTL: 10 * time.Minute}, discard)
		must(t, w.provider.Register(t.Context(), w.user.ID, a.application.ID, "user"))
		config := w.config(a, discard)
		config.RefreshAhead = 3 * time.Minute
		a.start(config)
		w.faults.set(func(rw http.ResponseWriter, r *http.Request, next http.Handler) {
			time.Sleep(2 * time.Second)
			next.ServeHTTP(rw, r)
		})
		var expires time.Time
		protected := a.guard.Protect(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			session, _ := latchkey.From(r.Context())
			token, until, err := session.Token(r.Context())
			if err != nil || token == "" || !until.After(time.Now()) {
				t.Errorf("after %v: a JWT that expired at %v, %v", time.Since(session.CreatedAt), until, err)
			}
			expires = until
			io.WriteString(rw, "ok")
		}))
		b := newBrowser()
		b.login(a)
		first := time.Time{}
		for range 90 {
			time.Sleep(time.Minute)
			began, rec := time.Now(), httptest.NewRecorder()
			protected.ServeHTTP(rec, b.request(a, "/x"))
			b.keep(a, rec.Result())
			if rec.Code != 200 || time.Since(began) > 0 && time.Since(began) < time.Second {
				t.Fatalf("%d after %v: %s", rec.Code, time.Since(began), rec.Body)
			}
			if time.Since(began) > 0 {
				t.Errorf("a request waited %v for the provider", time.Since(began))
			}
			if first.IsZero() {
				first = expires
			}
			synctest.Wait()
		}
		if n := w.provider.Calls("/api/jwt/refresh"); n < 10 || n > 16 {
			t.Errorf("%d refreshes in 90 minutes of 10-minute tokens", n)
		}
	})
}

// jwtApp is an app whose provider's JWTs live for some time. Its handler at /x fails the test if it
// gets one that has expired.
func jwtApp(t *testing.T, life time.Duration, options ...latchkeytest.Option) (*latchkeytest.World, *latchkeytest.App) {
	w, provider := latchkeytest.New(t, options...), onetime.New()
	provider.TokenLife = life
	c := w.Config("store", provider)
	c.RefreshAhead = time.Minute
	app := w.Start(c, func(a *latchkeytest.App) http.Handler {
		mux := http.NewServeMux()
		mux.Handle("/api/", a.Guard.Handler())
		mux.Handle("/x", a.Guard.Protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			session, _ := latchkey.From(r.Context())
			if _, until, err := session.Token(r.Context()); err != nil || !until.After(time.Now()) {
				t.Errorf("%v after the login: a JWT that expired %v ago, %v", time.Since(session.CreatedAt), time.Since(until), err)
			}
		})))
		return mux
	})
	return w, app
}

// Whatever the lifetime of the provider's JWTs, a handler behind Protect gets one that has not
// expired: from the login on, at every pace of the browser, whatever the rules have settled by
// then.
func TestRefreshAhead_anyLifetime(t *testing.T) {
	for _, life := range []time.Duration{2 * time.Second, 20 * time.Second, time.Minute, 3 * time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, 2 * time.Hour} {
		for _, pace := range []time.Duration{time.Second, 19 * time.Second, 50 * time.Second, 4 * time.Minute, 29 * time.Minute} {
			t.Run(fmt.Sprintf("%v, a request every %v", life, pace), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w, app := jwtApp(t, life)
					b := w.NewBrowser()
					b.Login(app, "ada@example.com")
					for range 80 {
						time.Sleep(pace)
						if got := b.Get(app, "/x"); got.Status != 200 {
							t.Fatalf("%d %s", got.Status, got.Body)
						}
					}
				})
			})
		}
	}
}

// A session cookie alone brings no cookies, but its handler gets a JWT that has not expired.
func TestRefreshAhead_sessionCookieAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, app := jwtApp(t, 20*time.Second)
		b := w.NewBrowser()
		b.Login(app, "ada@example.com")
		b.DeleteCookie(app, "__Host-refresh")
		for range 10 {
			time.Sleep(time.Minute)
			before := fmt.Sprint(b.Cookies(app))
			if got := b.Get(app, "/x"); got.Status != 200 || fmt.Sprint(b.Cookies(app)) != before {
				t.Errorf("%d, cookies %v", got.Status, b.Cookies(app))
			}
		}
	})
}

// A guard whose RefreshAhead is too long for the provider's JWTs says so once.
func TestRefreshAhead_warnsOnce(t *testing.T) {
	for life, want := range map[time.Duration]int{2 * time.Minute: 0, 119 * time.Second: 1, 20 * time.Second: 1} {
		synctest.Test(t, func(t *testing.T) {
			var log bytes.Buffer
			w, app := jwtApp(t, life, latchkeytest.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
			for range 3 {
				b := w.NewBrowser()
				b.Login(app, "ada@example.com")
				time.Sleep(5 * time.Minute)
				b.Get(app, "/x")
			}
			if n := strings.Count(log.String(), "half of a JWT's lifetime"); n != want {
				t.Errorf("lifetime %v: %d warnings, want %d: %s", life, n, want, &log)
			}
		})
	}
}
