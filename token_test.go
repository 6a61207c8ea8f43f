package latchkey_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/internal/onetime"
	"github.com/latchkey-dev/latchkey/latchkeytest"
)

// A handler gets a JWT that has not expired, if the provider answers, also after nobody has asked
// for a while: Token waits for the refresh. If the provider does not, Token says when the old one
// expired.
func TestToken_waitsForTheRefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		once := onetime.New()
		once.TokenLife = 10 * time.Minute
		provider := &weakProvider{Provider: once}
		w := latchkeytest.New(t)
		c := w.Config("store", provider)
		c.RefreshAhead, c.IdleTimeout, c.SessionCap = time.Minute, 100*time.Hour, 100*time.Hour
		var left time.Duration
		show := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			session, _ := latchkey.From(r.Context())
			_, until, err := session.Token(r.Context())
			must(t, err)
			left = time.Until(until)
		})
		app := w.Start(c, func(a *latchkeytest.App) http.Handler {
			mux := http.NewServeMux()
			mux.Handle("/api/", a.Guard.Handler())
			mux.Handle("/x", a.Guard.Protect(show))
			return mux
		})
		b := w.NewBrowser()
		b.Login(app, "ada@example.com")
		time.Sleep(2 * time.Minute)
		ask := func() *latchkeytest.Response { return b.Get(app, "/x") }
		ask()
		time.Sleep(time.Hour)
		if ask(); left <= 0 {
			t.Errorf("the handler got a JWT that expired %v ago", -left)
		}
		time.Sleep(2 * time.Minute)
		ask()
		time.Sleep(time.Hour)
		provider.down.Store(true)
		provider.calls.Store(0)
		if got := ask(); got.Status != 200 || left > 0 || provider.calls.Load() != 1 {
			t.Errorf("%d, %v left, %d calls", got.Status, left, provider.calls.Load())
		}
	})
}

// If the refresh that Token waits for ends the session, the handler can answer as Protect would
// have. A guard inside another waits as well.
func TestToken_sessionEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		once := onetime.New()
		once.TokenLife = 10 * time.Minute
		w := latchkeytest.New(t)
		c := w.Config("store", once)
		c.RefreshAhead, c.IdleTimeout, c.SessionCap = time.Minute, 100*time.Hour, 100*time.Hour
		show := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			session, _ := latchkey.From(r.Context())
			if _, _, err := session.Token(r.Context()); err != nil {
				latchkey.WriteError(w, err)
			}
		})
		app := w.Start(c, func(a *latchkeytest.App) http.Handler {
			mux := http.NewServeMux()
			mux.Handle("/api/", a.Guard.Handler())
			mux.Handle("/x", a.Guard.Identify(a.Guard.Protect(show)))
			return mux
		})
		b := w.NewBrowser()
		b.Login(app, "ada@example.com")
		time.Sleep(2 * time.Minute)
		b.Get(app, "/x")
		time.Sleep(time.Hour)
		must(t, once.Revoke(t.Context(), w.Store.Records()[0].RefreshTokenID))
		if got := b.Get(app, "/x"); got.Status != 401 || got.Code != "login_required" || got.EndReason != "refresh_refused" {
			t.Errorf("%d %s", got.Status, got.Body)
		}
	})
}
