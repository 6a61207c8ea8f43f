package gateway_test

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/latchkey-dev/latchkey/gateway"
)

// GWY-13: the app's origin comes from the configuration, whatever a client or a trusted proxy says:
// for cookies, for the check of origins, and towards the app.
func TestGWY13OriginIsConfigured(t *testing.T) {
	for name, trusted := range map[string]string{"trusted": "127.0.0.0/8", "not trusted": "10.0.0.0/8"} {
		for said, header := range map[string][]string{
			"nothing":           nil,
			"plain HTTP":        {"X-Forwarded-Proto", "http", "X-Forwarded-Ssl", "off", "X-Forwarded-Port", "80"},
			"another host":      {"X-Forwarded-Host", "evil.example", "Forwarded", "host=evil.example;proto=http"},
			"its host, doubled": {"X-Forwarded-Host", "app.localhost, evil.example", "X-Forwarded-Proto", "https,http"},
		} {
			t.Run(name+", "+said, func(t *testing.T) {
				w := newWorld(t)
				w.login.Origin = "https://app.localhost" // TLS ends in front of the gateway
				w.app.answer(talkative)
				n := w.serve(func(c *gateway.Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix(trusted)} })
				ada := n.stranger()
				from := func(origin, method, path, body string) *http.Request {
					r := ada.request(method, path, body, header...)
					r.Header.Set("Origin", origin)
					return r
				}
				resp := ada.open(from("https://app.localhost", "POST", "/api/login", `{"email":"ada@example.com","password":"`+password+`"}`))
				n.read(resp).want(t, 200, "")
				if len(resp.Cookies()) < 2 {
					t.Fatalf("cookies: %v", resp.Cookies())
				}
				for _, c := range resp.Cookies() {
					if !c.Secure || !strings.HasPrefix(c.Name, "__Host-") || c.Domain != "" {
						t.Errorf("cookie %s: Secure %t, Domain %q", c.Name, c.Secure, c.Domain)
					}
				}
				for _, other := range []string{"http://app.localhost", "https://evil.example"} {
					n.read(ada.open(from(other, "POST", "/api/x", "{}"))).want(t, 403, "cross_origin")
					if s := ada.socket("/api/socket", append([]string{"Origin", other}, header...)...); s.response.StatusCode != 403 {
						t.Errorf("WebSocket from %s: %s", other, s.response.Status)
					}
				}
				if seen := w.app.take(); len(seen) != 0 {
					t.Errorf("the app saw %d requests of other origins", len(seen))
				}
				if s := ada.socket("/api/socket", append([]string{"Origin", "https://app.localhost"}, header...)...); s.response.StatusCode != 101 {
					t.Errorf("WebSocket: %s", s.response.Status)
				}
				got := w.app.last(t).Header
				if got.Get("X-Forwarded-Proto") != "https" || got.Get("X-Forwarded-Host") != "app.localhost" {
					t.Errorf("the app is told %s://%s", got["X-Forwarded-Proto"], got["X-Forwarded-Host"])
				}
				for _, name := range []string{"X-Forwarded-Port", "X-Forwarded-Ssl", "Forwarded"} {
					if got[name] != nil {
						t.Errorf("the app saw %s: %v", name, got[name])
					}
				}
			})
		}
	}
}

// GWY-14: the app can set limits of its own to users and to addresses.
func TestGWY14TheAppTellsUsersApart(t *testing.T) {
	w := newWorld(t)
	n := w.serve(withUserKey, func(c *gateway.Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")} })
	seen := func(b *browser, address string) (user, chain string) {
		b.do("GET", "/x", "", "X-Forwarded-For", address).want(t, 200, "")
		h := w.app.last(t).Header
		return h.Get("Latchkey-User"), h.Get("X-Forwarded-For")
	}
	ada, stranger := n.loggedIn(), n.stranger()
	user, chain := seen(ada, "203.0.113.7")
	if user == "" || chain != "203.0.113.7, 127.0.0.1" {
		t.Errorf("the app saw user %q from %q", user, chain)
	}
	user, chain = seen(stranger, "203.0.113.8")
	if user != "" || chain != "203.0.113.8, 127.0.0.1" {
		t.Errorf("the app saw user %q from %q", user, chain)
	}
}
