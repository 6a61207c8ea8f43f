package latchkey_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/latchkeytest"
)

func navigate(r *http.Request) { r.Header.Set("Sec-Fetch-Mode", "navigate") }

// Who is logged in comes before the role, and the role before how old the login is.
func TestRequire_order(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		must(t, w.provider.Register(t.Context(), w.user.ID, w.shop.application.ID, "user", "editor"))
		b := newBrowser()
		require := func(need latchkey.Requirements) {
			w.shop.required = w.shop.guard.Require(need)(http.HandlerFunc(w.shop.whoami))
		}
		get := func(status int, code string) {
			t.Helper()
			b.get(w.shop, "/api/required").want(t, status, code, "")
		}
		all := latchkey.Requirements{AnyRole: []string{"admin", "editor"}, LoggedInWithin: time.Hour}
		require(all)
		get(401, "login_required")
		b.login(w.shop)
		get(200, "")
		time.Sleep(time.Hour + time.Second)
		get(401, "reauthentication_required")
		require(latchkey.Requirements{AnyRole: []string{"admin"}, LoggedInWithin: time.Hour})
		get(403, "role_required")
		require(latchkey.Requirements{AnyRole: []string{}}) // as from an empty configuration
		get(403, "role_required")
		require(latchkey.Requirements{})
		get(200, "")
		require(all)
		w.store.cut(true)
		time.Sleep(time.Hour)
		get(503, "provider_unavailable")
		b.send(w.shop, "POST", "/api/required", "", func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") }).want(t, 403, "cross_origin", "")
		w.store.cut(false)
		b.login(w.shop)
		get(200, "")
	})
}

// A refusal after a refresh still brings the new cookies.
func TestRequire_setsCookiesWithARefusal(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b := newBrowser()
		b.login(w.shop)
		w.shop.required = w.shop.guard.Require(latchkey.Requirements{AnyRole: []string{"admin"}})(http.HandlerFunc(w.shop.whoami))
		time.Sleep(2 * time.Hour)
		got := b.get(w.shop, "/api/required")
		got.want(t, 403, "role_required", "")
		if !got.minted || got.header.Get("Cache-Control") != "no-store" {
			t.Errorf("new cookies %t, %v", got.minted, got.header)
		}
		b.get(w.shop, "/api/private").ok(t, false)
	})
}

// New cookies stay out of every cache, though the handler writes nothing and says otherwise.
func TestProtect_staysUncachedWithoutABody(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b := newBrowser()
		b.login(w.shop)
		w.shop.required = w.shop.guard.Protect(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Cache-Control", "public, max-age=3600")
		}))
		time.Sleep(2 * time.Hour)
		got := b.send(w.shop, "HEAD", "/api/required", "")
		if !got.minted || got.header.Get("Cache-Control") != "no-store" {
			t.Errorf("new cookies %t, %v", got.minted, got.header)
		}
	})
}

// No login meets a negative LoggedInWithin.
func TestRequire_negativeTime(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b := newBrowser()
		b.login(w.shop)
		time.Sleep(time.Second)
		w.shop.required = w.shop.guard.Require(latchkey.Requirements{LoggedInWithin: -time.Hour})(http.HandlerFunc(w.shop.whoami))
		b.get(w.shop, "/api/required").want(t, 401, "reauthentication_required", "")
	})
}

// What a browser would show as a page is the app's to answer; everything else gets problem+json.
func TestRefuseNavigation(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		c := w.config(w.shop, discard)
		c.RefuseNavigation = func(rw http.ResponseWriter, r *http.Request, p *latchkey.Problem) {
			session, ok := latchkey.From(r.Context())
			http.Redirect(rw, r, fmt.Sprintf("/login?%s&%t&%t", p.Code, ok, ok && session.HasRole("admin")), http.StatusSeeOther)
		}
		w.shop.start(c)
		w.shop.required = w.shop.guard.Require(latchkey.Requirements{AnyRole: []string{"admin"}})(http.HandlerFunc(w.shop.whoami))
		b := newBrowser()
		b.get(w.shop, "/api/private").want(t, 401, "login_required", "")
		b.send(w.shop, "GET", "/api/user", "", navigate).want(t, 404, "not_logged_in", "")
		leads := func(path, want string, change ...func(*http.Request)) {
			t.Helper()
			got := b.send(w.shop, "GET", path, "", change...)
			if got.status != 303 || got.header.Get("Location") != want || got.header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s: %d %v, want a redirect to %s", path, got.status, got.header, want)
			}
		}
		leads("/api/private", "/login?login_required&false&false", navigate)
		leads("/api/private", "/login?login_required&false&false", func(r *http.Request) { r.Header.Set("Accept", "text/html, */*;q=0.8") })
		b.login(w.shop)
		leads("/api/required", "/login?role_required&true&false", navigate)
		b.send(w.shop, "GET", "/api/private", "", navigate).ok(t, false)
	})
}

// WriteError knows our codes, keeps an app's own, and shows no other error.
func TestWriteError(t *testing.T) {
	for _, c := range []struct {
		err    error
		status int
		body   string
	}{
		{&latchkey.Problem{Code: "role_required"}, 403, `{"title":"This account does not have the role that this needs.","status":403,"code":"role_required"}`},
		{&latchkey.Problem{Code: "cart_locked", Status: 409, Title: "This cart is being paid for.", Detail: "cart 7"}, 409,
			`{"title":"This cart is being paid for.","status":409,"code":"cart_locked","detail":"cart 7"}`},
		{&latchkey.Problem{Code: "cart_locked"}, 500, `{"title":"Something went wrong on our side.","status":500,"code":"internal_error"}`},
		{fmt.Errorf("login: %w", &latchkey.ProviderError{Code: latchkey.CodeAccountLocked}), 403, `{"title":"This account is locked.","status":403,"code":"account_locked"}`},
		{&latchkey.ProviderError{Code: latchkey.CodeRefreshRefused}, 503, `{"title":"The login service cannot be reached just now. Try again shortly.","status":503,"code":"provider_unavailable"}`},
		{latchkeytest.ErrStoreDown, 503, `{"title":"The login service cannot be reached just now. Try again shortly.","status":503,"code":"provider_unavailable"}`},
	} {
		w := httptest.NewRecorder()
		latchkey.WriteError(w, c.err)
		if got := w.Body.String(); w.Code != c.status || got != c.body+"\n" || w.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%v: %d %s", c.err, w.Code, got)
		}
	}
}
