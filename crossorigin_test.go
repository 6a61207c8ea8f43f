package latchkey_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/latchkey-dev/latchkey/idp/idptest"
)

func TestCSR01_CrossOrigin(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b := newBrowser()
		b.login(w.shop)
		calls := w.provider.Calls("/api/login")
		for name, c := range map[string]struct {
			site, origin string
			allowed      bool
		}{
			"same origin":            {"same-origin", "https://store.example.com", true},
			"same origin, no Origin": {"same-origin", "", true},
			"an old browser":         {"", "https://store.example.com", true},
			"cross-site":             {"cross-site", "https://evil.example", false},
			"cross-site, our Origin": {"cross-site", "https://store.example.com", false},
			"same-site":              {"same-site", "https://forums.example.com", false},
			"same-site, no Origin":   {"same-site", "", false},
			"odd site":               {"SAME-ORIGIN", "", false},
			"null":                   {"", "null", false},
			"null, cross-site":       {"cross-site", "null", false}, // a sandboxed frame
			"null, none":             {"none", "null", false},
			// with Referrer-Policy: no-referrer
			"the page's own form":  {"same-origin", "null", true},
			"same-origin, but not": {"same-origin", "https://evil.example", false},
			"a bookmark":           {"none", "", true},
			"another port":         {"", "https://store.example.com:8443", false},
			"another scheme":       {"", "http://store.example.com", false},
			"a longer name":        {"", "https://store.example.com.evil.example", false},
			"neither (CSR-04)":     {"", "", false},
		} {
			for _, path := range []string{"/api/login", "/api/logout", "/api/private", "/api/public"} {
				visitor := b.copy(w.shop) // a logout that works must not spoil the next
				change := []func(*http.Request){header("Sec-Fetch-Site", c.site), header("Origin", c.origin), header("Content-Type", "text/plain")}
				if c.site == "" {
					change[0] = header("Sec-Fetch-Site")
				}
				if c.origin == "" {
					change[1] = header("Origin")
				}
				if c.allowed && path == "/api/logout" {
					continue
				}
				got := visitor.send(w.shop, "POST", path, `{"email":"ada@example.com","password":"`+idptest.Password+`"}`, change...)
				if refused := got.status == 403 && got.code == "cross_origin"; refused == c.allowed || got.minted && !c.allowed {
					t.Errorf("%s, %s: %d %q", name, path, got.status, got.code)
				}
			}
		}
		if n := w.provider.Calls("/api/login"); n != calls {
			t.Errorf("%d logins reached the provider", n-calls)
		}
		// A program without cookies may log in without telling where it comes from.
		newBrowser().send(w.shop, "POST", "/api/login", `{"email":"ada@example.com","password":"`+idptest.Password+`"}`,
			header("Sec-Fetch-Site"), header("Origin")).want(t, 200, "", "")
	})
}

// A header that comes twice could be believed by one reader and refused by the next.
func TestCSR01_DoubledHeaders(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b := newBrowser()
		b.login(w.shop)
		for name, values := range map[string][2]string{"Origin": {"https://store.example.com", "https://evil.example"}, "Sec-Fetch-Site": {"same-origin", "cross-site"}} {
			for _, two := range [][]string{{values[0], values[1]}, {values[1], values[0]}, {values[0], values[0]}, {"", values[1]}, {"", values[0]}} {
				for _, route := range []string{"POST /api/login", "POST /api/logout", "DELETE /api/sessions", "POST /api/private", "POST /api/public", "POST /api/by-key"} {
					method, path, _ := strings.Cut(route, " ")
					got := b.send(w.shop, method, path, `{"email":"ada@example.com","password":"`+idptest.Password+`"}`, header(name, two...))
					if got.status != 403 || got.code != "cross_origin" || got.minted {
						t.Errorf("%s with %s %q: %d %q", route, name, two, got.status, got.code)
					}
				}
			}
		}
		for _, two := range [][]string{{"application/json", "text/plain"}, {"text/plain", "application/json"}, {"application/json", "application/json"}} {
			b.send(w.shop, "POST", "/api/login", `{"email":"ada@example.com","password":"`+idptest.Password+`"}`, header("Content-Type", two...)).want(t, 415, "unsupported_media_type", "")
		}
		b.get(w.shop, "/api/private").ok(t, false)
	})
}

func TestCSR06_WebSocketsFromOtherOrigins(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b := newBrowser()
		b.login(w.shop)
		upgrade := []func(*http.Request){header("Upgrade", "WebSocket"), header("Connection", "keep-alive, Upgrade")}
		for origin, status := range map[string]int{"https://evil.example": 403, "null": 403, "": 403, "https://store.example.com": 200} {
			if got := b.send(w.shop, "GET", "/api/private", "", append(upgrade, header("Origin", origin))...); got.status != status {
				t.Errorf("origin %q: %d", origin, got.status)
			}
		}
		for _, two := range [][]string{{"https://store.example.com", "https://evil.example"}, {"https://evil.example", "https://store.example.com"}, {"https://store.example.com", "https://store.example.com"}} {
			b.send(w.shop, "GET", "/api/private", "", append(upgrade, header("Origin", two...))...).want(t, 403, "cross_origin", "")
		}
	})
}
