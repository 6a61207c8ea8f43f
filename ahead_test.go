package latchkey_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/idp"
)

// With RefreshAhead a handler never sees an expired JWT while the browser is in use, no request waits for the provider, and the
// session goes on as ever.
func TestRefreshAhead(t *testing.T) {
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
