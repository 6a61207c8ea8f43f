package latchkey_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
)

// twoGenerations logs in and returns what the browser had before the last two refreshes.
func twoGenerations(t *testing.T, w *world) (b, before *browser) {
	t.Helper()
	b = newBrowser()
	b.login(w.shop)
	before = b.copy(w.shop)
	for range 2 {
		time.Sleep(time.Hour)
		b.get(w.shop, "/api/private").ok(t, true)
		time.Sleep(2 * time.Minute)
		b.get(w.shop, "/api/private").ok(t, false)
	}
	return b, before
}

// A request that was in flight for hours arrives with old cookies. The browser is challenged, and
// answers with its current ones.
func TestChallenge_lateRequest(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b, before := twoGenerations(t, w)
		before.stubborn = true // the request that arrives now; its browser is b
		for _, path := range []string{"/api/private?a=1&b=%2F", "/api/user", "/api/sessions", "/api/public"} {
			late := before.get(w.shop, path)
			if late.status != http.StatusTemporaryRedirect || late.header.Get("Cache-Control") != "no-store" || !strings.HasPrefix(late.header.Get("Location"), "?") {
				t.Fatalf("%s: %d %v", path, late.status, late.header)
			}
			if got := late.header.Get("Location"); strings.Contains(path, "?") && got != "?a=1&b=%2F" {
				t.Errorf("%s: sent to %q", path, got)
			}
			b.set(w.shop, echoCookie, before.jar(w.shop)[echoCookie])
			before.of(w.shop).DeleteCookie(w.shop.App, echoCookie)
			b.get(w.shop, "/api/private").ok(t, false)
		}
		if cookie := before.get(w.shop, "/api/private").header.Get("Set-Cookie"); !strings.Contains(cookie, echoCookie+"=") ||
			!strings.Contains(cookie, "; Path=/; HttpOnly; Secure; SameSite=Strict") || strings.Contains(cookie, "Max-Age") {
			t.Errorf("Set-Cookie: %s", cookie)
		}
	})
}

// The browser sends the body again when it follows the 307.
func TestChallenge_lateRequestWithBody(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b, before := twoGenerations(t, w)
		before.stubborn = true
		if got := before.send(w.shop, "POST", "/api/private", `{"a":1}`); got.status != http.StatusTemporaryRedirect {
			t.Errorf("%d", got.status)
		}
		b.send(w.shop, "POST", "/api/private", `{"a":1}`).ok(t, false)
	})
}

// A client that answers the challenge with the same stale cookies is a thief or the thief's victim:
// the session ends for both (rule 6).
func TestChallenge_answeredWithStaleCookies(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b, before := twoGenerations(t, w)
		before.get(w.shop, "/api/private").want(t, 401, "login_required", string(latchkey.EndReuseDetected))
		b.get(w.shop, "/api/private").want(t, 401, "login_required", string(latchkey.EndReuseDetected))
	})
}

// A client that does not answer the challenge gets nothing, and neither does one with a wrong echo
// cookie.
func TestChallenge_notAnswered(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b, before := twoGenerations(t, w)
		before.stubborn = true
		first := before.get(w.shop, "/api/private")
		for _, wrong := range []string{"", "not an echo", b.jar(w.shop)[refreshCookie], strings.Repeat("A", 22)} {
			before.set(w.shop, echoCookie, wrong)
			again := before.get(w.shop, "/api/private")
			if again.status != http.StatusTemporaryRedirect || again.header.Get("Set-Cookie") != first.header.Get("Set-Cookie") {
				t.Errorf("echo %q: %d", wrong, again.status)
			}
		}
		b.get(w.shop, "/api/private").ok(t, false)
	})
}

// An echo cookie of another browser does no harm to one whose other cookies are current.
func TestChallenge_cookieOfOthers(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b := newBrowser()
		b.login(w.shop)
		b.set(w.shop, echoCookie, strings.Repeat("A", 22))
		time.Sleep(time.Hour)
		b.get(w.shop, "/api/private").ok(t, true)
	})
}
