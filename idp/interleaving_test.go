package idp_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"runtime/debug"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
)

// interleaved returns a world in which meanwhile(f) runs f once, in the middle
// of the next request: after it has read the database and before it writes,
// which is where it asks for the time.
func interleaved(t *testing.T, app idp.Application) (w *world, meanwhile func(f func())) {
	var armed atomic.Pointer[func()]
	w = newWorldOf(t, app, idptest.WithConfig(func(c *idp.Config) {
		now := c.Now
		c.Now = func() time.Time {
			if f := armed.Load(); f != nil && inRequest() && armed.CompareAndSwap(f, nil) {
				(*f)()
			}
			return now()
		}
	}))
	return w, func(f func()) { armed.Store(&f) }
}

// inRequest reports whether the caller is an authorized request, and not the dispatcher, which
// wakes at any time.
func inRequest() bool {
	stack := debug.Stack()
	return bytes.Contains(stack, []byte("ServeHTTP")) && !bytes.Contains(stack, []byte("authorizedKey"))
}

func TestRefreshInterleaved(t *testing.T) {
	for _, c := range []struct {
		name      string
		meanwhile func(w *world, token string) (current string)
		want      int
		alive     bool // afterwards, the current token
	}{
		{"the same token", func(w *world, token string) string {
			return w.refresh(token).want(http.StatusOK).text("refreshToken")
		}, http.StatusOK, true},
		{"the same token and its successor", func(w *world, token string) string {
			return w.refresh(w.refresh(token).text("refreshToken")).want(http.StatusOK).text("refreshToken")
		}, http.StatusNotFound, true},
		{"logout", func(w *world, token string) string {
			w.send("POST", "/api/logout?refreshToken="+token, "", "").wantEmpty(http.StatusOK)
			return token
		}, http.StatusNotFound, false},
		{"user deactivated", func(w *world, token string) string {
			must(w.t, w.SetUserActive(w.t.Context(), w.user.ID, false))
			return token
		}, http.StatusNotFound, false},
		{"dead and swept", func(w *world, token string) string {
			w.clock.advance(90 * 24 * time.Hour)
			_, err := w.Sweep(w.t.Context())
			must(w.t, err)
			w.clock.advance(-90 * 24 * time.Hour)
			return token
		}, http.StatusNotFound, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, meanwhile := interleaved(t, idp.Application{})
			token, _ := w.loggedIn()
			var current string
			meanwhile(func() { current = c.meanwhile(w, token) })
			a := w.refresh(token).want(c.want)
			if c.want == http.StatusOK && a.text("refreshToken") != current {
				t.Error("the token has two successors")
			}
			want := http.StatusNotFound
			if c.alive {
				want = http.StatusOK
			}
			w.refresh(current).want(want)
		})
	}
}

// checkedLogins returns a world in which meanwhile(f) runs f once, when the
// next login has been checked and is in the log.
func checkedLogins(t *testing.T) (w *world, meanwhile func(f func())) {
	l := checkedLog{slog.DiscardHandler, new(atomic.Pointer[func()])}
	w = newWorld(t, idptest.WithConfig(func(c *idp.Config) { c.Logger = slog.New(l) }))
	return w, func(f func()) { l.armed.Store(&f) }
}

type checkedLog struct {
	slog.Handler
	armed *atomic.Pointer[func()]
}

func (checkedLog) Enabled(context.Context, slog.Level) bool { return true }

func (l checkedLog) Handle(_ context.Context, r slog.Record) error {
	if r.Message == "login" {
		if f := l.armed.Swap(nil); f != nil {
			(*f)()
		}
	}
	return nil
}

// TestLoginInterleaved: a login that was checked before the user was changed
// comes to nothing: its tokens would have escaped the revocation by the change. One
// that was let in while its user was put out of the application is worth nothing
// at the first refresh.
func TestLoginInterleaved(t *testing.T) {
	for name, c := range map[string]struct {
		out            func(w *world) error
		login, refresh int
	}{
		"deactivated":  {func(w *world) error { return w.SetUserActive(w.t.Context(), w.user.ID, false) }, http.StatusNotFound, 0},
		"new password": {func(w *world) error { return w.SetPassword(w.t.Context(), w.user.ID, anotherPassword) }, http.StatusNotFound, 0},
		"deleted":      {func(w *world) error { return w.DeleteUser(w.t.Context(), w.user.ID) }, http.StatusNotFound, 0},
		"unregistered": {func(w *world) error { return w.Unregister(w.t.Context(), w.user.ID, w.app.ID) }, http.StatusOK, http.StatusNotFound},
		"nothing":      {func(*world) error { return nil }, http.StatusOK, http.StatusOK},
	} {
		t.Run(name, func(t *testing.T) {
			w, meanwhile := checkedLogins(t)
			meanwhile(func() { must(t, c.out(w)) })
			if a := w.login(nil).want(c.login); c.refresh != 0 {
				w.refresh(a.text("refreshToken")).want(c.refresh)
			}
		})
	}
}

// TestOneTimePasswordInterleaved: of two who use one at once, one is let in.
func TestOneTimePasswordInterleaved(t *testing.T) {
	w, meanwhile := checkedLogins(t)
	must(t, w.RequirePasswordChange(t.Context(), w.user.ID, idp.ChangeAdministrative))
	change := w.login(nil).want(203).text("changePasswordId")
	oneTime := w.send("POST", "/api/user/change-password/"+change, "application/json", object{"password": anotherPassword}.String()).want(http.StatusOK).text("oneTimePassword")
	once := object{"loginId": nil, "password": nil, "oneTimePassword": oneTime}
	meanwhile(func() { w.login(once).want(http.StatusOK) })
	w.login(once).wantEmpty(http.StatusNotFound)
	w.login(object{"password": anotherPassword}).want(http.StatusOK)
}

// TestPWD12_ChangeInterleaved: of two who use one change password id at once,
// one wins.
func TestPWD12_ChangeInterleaved(t *testing.T) {
	w, meanwhile := interleaved(t, idp.Application{})
	must(t, w.RequirePasswordChange(t.Context(), w.user.ID, idp.ChangeBreached))
	id := w.login(nil).want(203).text("changePasswordId")
	change := func(password string) answer {
		return w.send("POST", "/api/user/change-password/"+id, "application/json", object{"password": password}.String())
	}
	meanwhile(func() { change("the first of two").want(http.StatusOK) })
	change("the second of two").wantEmpty(http.StatusNotFound)
	w.login(object{"password": "the first of two"}).want(http.StatusOK)
}

// TestClientSecretInterleaved: a client secret that is replaced while its application is changed
// does not come back.
func TestClientSecretInterleaved(t *testing.T) {
	for _, method := range []string{"PUT", "PATCH"} {
		w := newWorld(t)
		token, _ := w.loggedIn()
		var secret string
		w.slow(method, "/api/application/"+w.app.ID, `{"application":{"name":"Another name","oauthConfiguration":{"enabledGrants":["refresh_token"]}}}`, func() {
			var err error
			secret, err = w.NewClientSecret(t.Context(), w.app.ID)
			must(t, err)
		}).want(http.StatusOK)
		w.exchange(token).want(http.StatusUnauthorized)
		w.exchange(token, "client_secret", secret).want(http.StatusOK)
	}
}
