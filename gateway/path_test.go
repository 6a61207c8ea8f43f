package gateway_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/latchkey-dev/latchkey/gateway"
)

// evasions are paths that some server reads as /api/admin, or as something below it.
var evasions = []string{
	"/API/admin", "/Api/Admin", "/api%2fadmin", "/api%2Fadmin", "/%2fapi/admin", "/public/../api/admin", "/public/%2e%2e/api/admin",
	"/public/%2E%2E/api/admin", "/public/.%2e/api/admin", "/public/..%2fapi/admin", "/public/..;/api/admin", "/public/..%3b/api/admin",
	"/public;/../api/admin", "/api;v=1/admin", "/api%3bv=1/admin", "//api/admin", "/public//../api/admin", "///api/admin", "/./api/admin",
	"/%2e/api/admin", "/public/..", "/public/%2e%2e", `/public\..\api\admin`, "/public%5c..%5capi%5cadmin", `\api\admin`, `/\api\admin`,
	"/public/%252e%252e/api/admin", "/public/%252e%252e%252fapi%252fadmin", "/%2561pi/admin", "/%61pi/admin", "/ap%69/admin", "/api%00/admin",
	"/api%0a/admin", "/api%09/admin", "/public/%c0%ae%c0%ae/api/admin", "/public/%c0%afapi/admin", "/%ef%bd%81pi/admin", "/api%ef%bc%8fadmin",
	"/public/%ef%bc%8e%ef%bc%8e/api/admin", "/api./admin", "/api%20/admin", "/api../admin", "/ap%c4%b1/admin", "/a%e2%80%8bpi/admin",
	"/public/%u002e%u002e/api/admin", "/api", "/api/", "/api/.", "/api%2f", "/public/x/../../api/admin", "/public/.../api", "/api/admin/../admin",
	"/api%3Fx", "/api%3fx", "/api%23", "/api%23x/admin", "/api%ef%bc%9fx", "/api%ef%bc%83",
	"/public/..%20/api/admin", "/public/.%20./api/admin", "/public/..%20%20/api/admin", "/public/..%e2%80%83/api/admin", "/public/.%e2%80%8b./api/admin", "/public/%c2%ad../api/admin", "/public/%20../api/admin", "/public/..%e2%80%8b/api/admin",
	"/public/..%e2%88%95api/admin", "/public%e2%81%84..%e2%81%84api/admin", "/public/%20/../api", "/%20/api/admin", "/%e2%80%8b/api/admin", "/%20api/admin", "/api%e2%80%a8/admin", "/api%e2%80%a9", "/api%e1%9a%80/admin", "/api::$DATA/admin",
	"/api%3a:$DATA", "/api:x/admin", "/api%e2%88%95admin", "/api%e2%81%84admin", "/a%e3%85%a4pi/admin", "/%e1%85%9fapi/admin",
	"/%EF%BC%85%32%65%EF%BC%85%32%65/api", "/public/%e2%80%a5/api/admin",
}

// GWY-06, GWY-07: whatever the spelling, nobody reaches a protected path without a login. What is
// passed on is judged as the most lenient server would read it.
func TestGWY06NoSpellingGetsAround(t *testing.T) {
	w := newWorld(t)
	n := w.serve(func(c *gateway.Config) { c.Apps[0].Public = []string{"/public/"} })
	for _, path := range evasions {
		answer := n.raw("GET " + path + " HTTP/1.1\r\nHost: app.localhost\r\nConnection: close\r\n\r\n")
		if !strings.HasPrefix(answer, "HTTP/1.1 4") && !strings.HasPrefix(answer, "HTTP/1.1 200") {
			t.Errorf("%s: %.60q", path, answer)
		}
		for _, r := range w.app.take() {
			if forgiving(r.RequestURI) {
				t.Errorf("%s reached the app as %s", path, r.RequestURI)
			}
		}
	}
}

// forgiving reports whether some server might take a path for one below /api.
func forgiving(path string) bool {
	for range 4 {
		if decoded, err := url.PathUnescape(path); err == nil {
			path = decoded
		}
	}
	path = strings.ToLower(strings.NewReplacer(`\`, "/", "\x00", "", "ａ", "a", "／", "/", "\u2215", "/", "\u2044", "/", "．", ".", "ı", "i", "\u200b", "", "\u00ad", "", "\u3164", "", "\u115f", "").Replace(path))
	var stack []string
	for segment := range strings.SplitSeq(path, "/") {
		segment, _, _ = strings.Cut(segment, ";")
		if cut := strings.IndexAny(segment, "?#"); cut >= 0 {
			segment = segment[:cut]
		}
		segment, _, _ = strings.Cut(segment, ":")
		if strings.Join(strings.Fields(segment), "") == ".." {
			stack = stack[:max(0, len(stack)-1)]
		} else if segment = strings.TrimRight(strings.TrimSpace(segment), "."); segment != "" {
			stack = append(stack, strings.TrimSpace(segment))
		}
	}
	return len(stack) > 0 && stack[0] == "api"
}

// GWY-06: the app sees the path that the rules saw, once encoded.
func TestGWY06OnePathForBoth(t *testing.T) {
	w := newWorld(t)
	n := w.serve()
	for sent, want := range map[string]string{
		"/shop/list.html": "/shop/list.html", "/%41bc": "/Abc", "/a%20b": "/a%20b", "/caf%c3%a9": "/caf%C3%A9", "/100%25": "/100%25",
		"/a+b": "/a+b", "/@x:y,z": "/@x:y,z", "/x/": "/x/", "/": "/", "/...": "/...", "/%7Eada": "/~ada", "/a%20/b:c": "/a%20/b:c", "/%c2%bd": "/%C2%BD", "/.well-known/x": "/.well-known/x", "/a?q=1&r=%2F..%2f": "/a?q=1&r=%2F..%2f",
	} {
		answer := n.raw("GET " + sent + " HTTP/1.1\r\nHost: app.localhost\r\nConnection: close\r\n\r\n")
		if got := w.app.take(); len(got) != 1 || got[0].RequestURI != want {
			t.Errorf("%s: the app saw %v, want %s; %.50q", sent, got, want, answer)
		}
	}
	for _, path := range []string{"/a/../b", "/a//b", "/a;b", "/a%2fb", "/a%25%32%65", "/a%2525", `/a\b`, "/%ff", "/a%01", "/.", "/a/%2e", "/x%3Fy", "/x%23y", "/x%3fy", "/%ef%bc%9f", "/x%e2%81%88", "/%ef%bc%83", "/a/..%20/b", "/a/%20/b", "/a/%e2%80%8b", "/a/.%c2%ad./b", "/a%e2%80%a8"} {
		if answer := n.raw("GET " + path + " HTTP/1.1\r\nHost: app.localhost\r\nConnection: close\r\n\r\n"); !strings.HasPrefix(answer, "HTTP/1.1 400 ") {
			t.Errorf("%s: %.50q, want 400", path, answer)
		}
	}
	if got := w.app.take(); len(got) != 0 {
		t.Errorf("a refused path reached the app: %s", got[0].RequestURI)
	}
}

// The longest prefix decides, and ends where a segment ends.
func TestProtectAndPublic(t *testing.T) {
	w := newWorld(t)
	n := w.serve(func(c *gateway.Config) {
		c.Apps[0].Protect, c.Apps[0].Public = []string{"/api/", "/api/products/secret"}, []string{"/api/products"}
	})
	stranger, ada := n.stranger(), n.loggedIn()
	for path, status := range map[string]int{
		"/": 200, "/apiary": 200, "/api": 401, "/api/": 401, "/api/cart": 401, "/api/products": 200, "/api/products/": 200, "/api/products/7": 200, "/api/PRODUCTS/7": 401,
		"/api/products-of-others": 401, "/api/products/secret": 401, "/api/products/secret/1": 401, "/api/products/SECRET": 401, "/api/products/secrets": 200,
	} {
		if got := stranger.do("GET", path, ""); got.status != status {
			t.Errorf("%s: a stranger got %d, want %d", path, got.status, status)
		}
		if got := ada.do("GET", path, ""); got.status != 200 {
			t.Errorf("%s: Ada got %d %s", path, got.status, got.body)
		}
	}
}

// GWY-07: without a mark, everything needs a login.
func TestGWY07DefaultDeny(t *testing.T) {
	w := newWorld(t)
	n := w.serve(func(c *gateway.Config) { c.Apps[0].Protect = nil })
	for _, path := range []string{"/", "/x", "/api/x", "/favicon.ico"} {
		n.stranger().do("GET", path, "").want(t, 401, "login_required")
	}
	if seen := w.app.take(); len(seen) != 0 {
		t.Errorf("the app saw %s", seen[0].RequestURI)
	}
	if got := n.loggedIn().do("GET", "/x", ""); got.body != "ok" {
		t.Errorf("Ada got %d %s", got.status, got.body)
	}
	open := w.serve(func(c *gateway.Config) { c.Apps[0].Protect = []string{} })
	open.stranger().do("GET", "/x", "").want(t, 200, "")
}

// FuzzPath looks for a path that gets around a rule.
func FuzzPath(f *testing.F) {
	for _, path := range evasions {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		u, err := url.ParseRequestURI(raw)
		if err != nil {
			return
		}
		path, passes := gateway.PassesWithoutLogin(u, []string{"/api/"}, []string{"/public"})
		if passes && forgiving(path) {
			t.Errorf("%q passes as %q", raw, path)
		}
	})
}

// A rule is a plain path. What other programs take for a pattern would leave open what it seems to
// protect.
func TestRulesArePlainPaths(t *testing.T) {
	w := newWorld(t)
	check := func(protect, public []string) error {
		g, err := gateway.New(gateway.Config{Apps: []gateway.App{{Login: w.login, Upstream: w.app.URL, Protect: protect, Public: public}}})
		if err == nil {
			g.Close(t.Context())
		}
		return err
	}
	for _, rule := range []string{
		"/api/*", "/api/**", "/*", "*", "**/api", "/api*", "/admin/{id}", "/{lang}/admin", "/users/:id", "/users/:id/edit", "/user-:id", "/api/<int:id>", "/posts/[id]", "/posts/[...slug]", "/(group)/x", "/api/$id",
		"/api?", "/api?x=1", "/api#", "/api#x", "^/api/", "/^api", "/api/.*", "/api/.+", "/api/...", "/api|/admin", "/api/,/admin/", "/api/ /admin/", "/api/%2a", "/api/%61", "!/api", "~ /api", "/a;b", `/a\\b`, "/a\x00b", "/a//b", "/a/../b",
		"/./a", "api/", "", " /api/", "/api/ ", "https://app.localhost/api/", "//app.localhost/api", "/\u200bapi", "/a\"b", "/a'b", "/a&b", "/a=b", "/\u2025/b",
	} {
		if err := check([]string{rule}, nil); err == nil {
			t.Errorf("protect %q is taken", rule)
		}
		if err := check([]string{"/"}, []string{rule}); err == nil {
			t.Errorf("public %q is taken", rule)
		}
	}
	for _, rule := range []string{"/api", "/api/", "/api/v1.2/", "/~ada/", "/@me", "/.well-known/x", "/caf\u00e9/", "/a_b-c", "/日本"} {
		if err := check([]string{rule}, []string{strings.TrimSuffix(rule, "/") + "/x"}); err != nil {
			t.Errorf("%q: %v", rule, err)
		}
	}
	err := check([]string{"/api/*", "/x/{id}"}, []string{"/assets/*"})
	for _, want := range []string{"/api/", "/x/", "/assets/"} {
		if err == nil || !strings.Contains(err.Error(), "write "+want) {
			t.Errorf("%v, want what to write instead: %s", err, want)
		}
	}
	if err := check([]string{"/api/"}, []string{"/API"}); err == nil {
		t.Error("one path is protected and public")
	}
}
