package latchkey_test

import (
	"net/http"
	"strings"
	"testing"
)

// CKE-08 to CKE-11, CKE-20: what is not exactly our cookie is nobody's.
func TestCKE11_BadCookies(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b := newBrowser()
		b.login(w.shop)
		session, refresh := b.jar(w.shop)[sessionCookie], b.jar(w.shop)[refreshCookie]
		for name, lines := range map[string][]string{
			"garbage":             {sessionCookie + "=garbage; " + refreshCookie + "=garbage"},
			"empty":               {sessionCookie + "=; " + refreshCookie + "="},
			"truncated":           {sessionCookie + "=" + session[:50] + "; " + refreshCookie + "=" + refresh[:100]},
			"one character more":  {sessionCookie + "=" + session + "A; " + refreshCookie + "=" + refresh + "A"},
			"oversize":            {sessionCookie + "=" + strings.Repeat("A", 9000) + "; " + refreshCookie + "=" + strings.Repeat("A", 9000)},
			"duplicate in a line": {sessionCookie + "=" + session + "; " + sessionCookie + "=" + session},
			"duplicate in two":    {sessionCookie + "=" + session, sessionCookie + "=x"},
			"duplicate refresh":   {refreshCookie + "=" + refresh + "; " + refreshCookie + "=" + refresh},
			"other case":          {"__host-session=" + session + "; __HOST-refresh=" + refresh},
			"no prefix":           {"session=" + session + "; refresh=" + refresh},
			"swapped":             {sessionCookie + "=" + refresh + "; " + refreshCookie + "=" + session},
			"quoted":              {sessionCookie + `="` + session + `"`},
			"no pair at all":      {";;;=; ;"},
		} {
			visitor := newBrowser()
			visitor.send(w.shop, "GET", "/api/private", "", header("Cookie", lines...)).want(t, 401, "login_required", "")
			if got := visitor.send(w.shop, "GET", "/api/user", "", header("Cookie", lines...)); got.status != 404 || got.minted {
				t.Errorf("%s: %d %s", name, got.status, got.body)
			}
		}
		for name, change := range map[string]func(*http.Request){
			"authorization": header("Authorization", "Bearer "+session), "own header": header("X-Session", session),
			"query": func(r *http.Request) { r.URL.RawQuery = "session=" + session + "&__Host-session=" + session },
		} {
			if got := newBrowser().send(w.shop, "GET", "/api/private", "", change); got.status != 401 {
				t.Errorf("%s: %d", name, got.status)
			}
		}
		b.get(w.shop, "/api/private").ok(t, false) // and all that has harmed nobody
	})
}

// SES-03: a genuine session cookie of a session that the store has never seen.
func TestSES03_UnknownSession(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b := newBrowser()
		b.login(w.shop)
		w.store.lose()
		alone := b.copy(w.shop, sessionCookie)
		alone.get(w.shop, "/api/private").want(t, 401, "login_required", "")
		if len(alone.jar(w.shop)) != 1 {
			t.Error("only logout clears cookies")
		}
		alone.send(w.shop, "POST", "/api/logout", "").want(t, 204, "", "")
		// the logout left a tombstone
		b.get(w.shop, "/api/private").want(t, 401, "login_required", "logout")
	})
}

// CKE-11: what is not genuine costs no look into the store.
func TestCKE11_ForgedCookiesReadNothing(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b := newBrowser()
		b.login(w.shop)
		flip := func(value string) string { return value[:60] + string(value[60]^1) + value[61:] }
		forged := newBrowser()
		forged.set(w.shop, sessionCookie, flip(b.jar(w.shop)[sessionCookie]))
		forged.set(w.shop, refreshCookie, flip(b.jar(w.shop)[refreshCookie]))
		before := w.store.readCount()
		for range 1000 {
			forged.get(w.shop, "/api/private").want(t, 401, "login_required", "")
		}
		if n := w.store.readCount() - before; n != 0 {
			t.Errorf("%d reads", n)
		}
		calls := w.provider.Calls("/api/jwt/refresh")
		b.get(w.shop, "/api/private").ok(t, false)
		if n := w.store.readCount() - before; n != 1 || calls != w.provider.Calls("/api/jwt/refresh") {
			t.Errorf("a live session: %d reads, want 1", n)
		}
	})
}
