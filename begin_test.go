package latchkey_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/idp/idptest"
)

// A login by other means than the form is one like any other: new ids, both cookies, and an end for
// the session that the browser had.
func TestBegin(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		grant := w.grant(t)
		b := newBrowser()
		b.login(w.shop)
		before := b.copy(w.shop, sessionCookie, refreshCookie)
		// no grant
		b.send(w.shop, "POST", "/api/by-key", "").want(t, 503, "provider_unavailable", "")
		w.shop.grant = grant
		b.send(w.shop, "POST", "/api/by-key", "", func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") }).want(t, 403, "cross_origin", "")
		b.get(w.shop, "/api/private").want(t, 200, "", "")
		b.send(w.shop, "POST", "/api/by-key", "").want(t, 200, "", "")
		b.get(w.shop, "/api/private").want(t, 200, "", "")
		before.get(w.shop, "/api/private").want(t, 401, "login_required", "logout")
		if b.jar(w.shop)[sessionCookie] == before.jar(w.shop)[sessionCookie] {
			t.Error("the cookies are the old ones")
		}
	})
}

// grant is the provider's answer to a login by other means.
func (w *world) grant(t *testing.T) latchkey.Grant {
	t.Helper()
	grant, err := w.config(w.shop, discard).Provider.Login(t.Context(), latchkey.Credentials{LoginID: "ada@example.com", Password: idptest.Password})
	if err != nil {
		t.Fatal(err)
	}
	return grant
}

// A callback answers as it likes. What brings cookies is kept out of caches, whatever it says.
func TestBegin_leavesTheResponseToTheCaller(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		grant, b := w.grant(t), newBrowser()
		w.shop.callback = func(rw http.ResponseWriter, r *http.Request) {
			rw.Header().Set("Link", "</style.css>; rel=preload")
			rw.WriteHeader(http.StatusEarlyHints) // which does not start the response
			session, err := w.shop.guard.Begin(rw, r, grant, false)
			if err != nil || session.User.Email != "ada@example.com" || session.Persistent {
				t.Errorf("session %+v, error %v", session, err)
			}
			rw.Header().Set("Cache-Control", "public")
			http.Redirect(rw, r, "/welcome", http.StatusSeeOther)
		}
		got := b.get(w.shop, "/api/by-key")
		if got.status != 303 || got.header.Get("Location") != "/welcome" || got.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%d %v", got.status, got.header)
		}
		b.get(w.shop, "/api/private").ok(t, false)
	})
}

// If Begin returns an error, nobody is logged in, no cookie is set, and the grant is worthless.
func TestBegin_refuses(t *testing.T) {
	begin := func(w *world, rw http.ResponseWriter, r *http.Request, grant latchkey.Grant) error {
		_, err := w.shop.guard.Begin(rw, r, grant, true)
		return err
	}
	for name, c := range map[string]struct {
		code   latchkey.Code // of the *Problem; empty: another error
		status int
		begin  func(w *world, rw http.ResponseWriter, r *http.Request, grant latchkey.Grant) error
	}{
		"after the status": {"internal_error", 204, func(w *world, rw http.ResponseWriter, r *http.Request, grant latchkey.Grant) error {
			rw.WriteHeader(http.StatusNoContent)
			return begin(w, rw, r, grant)
		}},
		"after the first byte": {"internal_error", 200, func(w *world, rw http.ResponseWriter, r *http.Request, grant latchkey.Grant) error {
			rw.Write([]byte("hello"))
			return begin(w, rw, r, grant)
		}},
		"after a flush": {"internal_error", 200, func(w *world, rw http.ResponseWriter, r *http.Request, grant latchkey.Grant) error {
			http.NewResponseController(rw).Flush()
			return begin(w, rw, r, grant)
		}},
		"after another middleware wrote": {"internal_error", 200, func(w *world, rw http.ResponseWriter, r *http.Request, grant latchkey.Grant) error {
			rw.Write([]byte("hello"))
			return begin(w, struct{ http.ResponseWriter }{rw}, r, grant)
		}},
		"outside of LoginRoute": {"internal_error", 200, func(w *world, rw http.ResponseWriter, r *http.Request, grant latchkey.Grant) error {
			return begin(w, rw, r.WithContext(t.Context()), grant)
		}},
		"behind the LoginRoute of another guard": {"internal_error", 200, func(w *world, rw http.ResponseWriter, r *http.Request, grant latchkey.Grant) error {
			_, err := w.forums.guard.Begin(rw, r, grant, true)
			return err
		}},
		"from another origin": {"cross_origin", 200, func(w *world, rw http.ResponseWriter, r *http.Request, grant latchkey.Grant) error {
			r = r.Clone(r.Context())
			r.Method = http.MethodPost
			r.Header.Set("Origin", "https://evil.example")
			return begin(w, rw, r, grant)
		}},
		"without the store": {"", 200, func(w *world, rw http.ResponseWriter, r *http.Request, grant latchkey.Grant) error {
			w.store.cut(true)
			defer w.store.cut(false)
			return begin(w, rw, r, grant)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			simulate(t, func(t *testing.T, w *world) {
				grant, b := w.grant(t), newBrowser()
				w.shop.callback = func(rw http.ResponseWriter, r *http.Request) {
					var problem *latchkey.Problem
					err := c.begin(w, rw, r, grant)
					if err == nil || errors.As(err, &problem) != (c.code != "") || problem != nil && problem.Code != c.code {
						t.Errorf("error %v, want code %q", err, c.code)
					}
				}
				got := b.get(w.shop, "/api/by-key")
				if got.status != c.status || got.header.Values("Set-Cookie") != nil {
					t.Errorf("%d, cookies %q", got.status, got.header.Values("Set-Cookie"))
				}
				b.get(w.shop, "/api/private").want(t, 401, "login_required", "")
				time.Sleep(time.Minute)
				provider := w.config(w.shop, discard).Provider
				if _, err := provider.Refresh(t.Context(), latchkey.Renewal{RefreshToken: grant.RefreshToken, User: grant.User}); err == nil {
					t.Error("the grant's refresh token is still good")
				}
			})
		})
	}
}

// A handler that returns without writing sends its headers all the same, and new cookies with them.
func TestBegin_staysUncachedWithoutABody(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		grant, b := w.grant(t), newBrowser()
		w.shop.callback = func(rw http.ResponseWriter, r *http.Request) {
			if _, err := w.shop.guard.Begin(rw, r, grant, false); err != nil {
				t.Error(err)
			}
			rw.Header().Set("Cache-Control", "public, max-age=3600")
		}
		for _, method := range []string{"GET", "HEAD"} {
			got := b.send(w.shop, method, "/api/by-key", "")
			if got.header.Values("Set-Cookie") == nil || got.header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s: %v", method, got.header)
			}
		}
	})
}

// One response brings the cookies of one session: those of another would replace them, and leave
// the first session to nobody.
func TestBegin_once(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		first, second, b := w.grant(t), w.grant(t), newBrowser()
		w.shop.callback = func(rw http.ResponseWriter, r *http.Request) {
			if _, err := w.shop.guard.Begin(rw, r, first, false); err != nil {
				t.Error(err)
			}
			var problem *latchkey.Problem
			if _, err := w.shop.guard.Begin(rw, r, second, false); !errors.As(err, &problem) || problem.Code != "internal_error" {
				t.Errorf("the second time: %v", err)
			}
		}
		if n := len(b.get(w.shop, "/api/by-key").header.Values("Set-Cookie")); n != 2 {
			t.Errorf("%d cookies", n)
		}
		if sessions, err := w.shop.guard.Sessions(t.Context(), w.user.ID); err != nil || len(sessions) != 1 {
			t.Errorf("%d sessions, %v", len(sessions), err)
		}
		b.get(w.shop, "/api/private").ok(t, false)
	})
}
