package gateway_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/latchkey-dev/latchkey/account"
	"github.com/latchkey-dev/latchkey/gateway"
)

// Paths below /.latchkey/ are the gateway's own: no app, page or development server gets a request
// for one, in any spelling.
func TestReservedPaths(t *testing.T) {
	w := newWorld(t)
	vite := w.upstream()
	dir := dist(t)
	write(t, dir+"/.latchkey/x.html", "page")
	for name, n := range map[string]*node{
		"app": w.serve(), "everything protected": w.serve(func(c *gateway.Config) { c.Apps[0].Protect = nil }), "page": w.serve(withPage(dir)),
		"dev server": w.serve(func(c *gateway.Config) { c.Apps[0].DevServer = vite.URL }), "public": w.serve(func(c *gateway.Config) { c.Apps[0].Public = []string{"/.latchkey/x"} }),
	} {
		for _, b := range []*browser{n.stranger(), n.loggedIn()} {
			for _, path := range []string{"/.latchkey", "/.latchkey/", "/.latchkey/x", "/.latchkey/x.html", "/.LatchKey/x", "/%2elatchkey/x", "/.latchkey%20/x", "/%20.latchkey/x", "/.latchkey::$DATA/x", "/.latchkey%e2%81%84x"} {
				for _, method := range []string{"GET", "POST"} {
					got := b.do(method, path, "", "Sec-Fetch-Mode", "navigate")
					if path == "/%2elatchkey/x" {
						got.want(t, 400, "bad_request")
					} else {
						got.want(t, 404, "not_found")
					}
				}
			}
		}
		if seen := len(w.app.take()) + len(vite.take()); seen != 0 {
			t.Errorf("%s: %d requests came through", name, seen)
		}
	}
	w.serve().stranger().do("GET", "/.latchkeys", "").want(t, 200, "")
}

// The account routes are the gateway's in every mode: if nobody may register, a registration still
// does not reach the app with its password.
func TestAccountRoutesAreOurs(t *testing.T) {
	w := newWorld(t)
	for name, mode := range map[string]account.Registration{"existing": account.RegistrationClosed, "unverified": account.RegistrationUnverified} {
		for _, protect := range [][]string{{"/private/"}, {"/api/"}, nil} {
			n := w.serve(func(c *gateway.Config) {
				c.Apps[0].Protect = protect
				c.Apps[0].Account = &account.Config{Client: w.fusionauth, Registration: mode}
			})
			for _, path := range []string{"/api/register", "/api/REGISTER", "/api/register/", "/api/verify-email", "/api/forgot-password", "/api/password"} {
				for _, method := range []string{"POST", "GET", "PUT"} {
					got := n.stranger().do(method, path, `{"email":"new@example.com","password":"a secret of theirs"}`)
					if path == "/api/register" && mode == account.RegistrationClosed {
						got.want(t, 404, "not_found")
					}
				}
			}
			for _, r := range w.app.take() {
				if !strings.Contains(r.URL.Path, "REGISTER") && !strings.HasSuffix(r.URL.Path, "/") {
					t.Errorf("%s, protect %v: the app saw %s %s", name, protect, r.Method, r.URL.Path)
				}
			}
		}
	}
}

// The routes for device-bound sessions are the guard's, whatever the configuration says, and
// whatever a proxy in front makes of the path: a browser that gets a redirect, a 404 or another
// refusal of the gateway throws its key away.
func TestDeviceRoutesAreTheGuards(t *testing.T) {
	w := newWorld(t)
	dir := dist(t)
	write(t, dir+"/api/dbsc/refresh", "page")
	vite := w.upstream()
	of := func(change func(*gateway.App)) func(*gateway.Config) {
		return func(c *gateway.Config) { change(&c.Apps[0]) }
	}
	for name, n := range map[string]*node{
		"app": w.serve(), "everything protected": w.serve(of(func(a *gateway.App) { a.Protect = nil })), "page": w.serve(withPage(dir)),
		"public": w.serve(of(func(a *gateway.App) { a.Public = []string{"/api/dbsc"} })), "dev server": w.serve(of(func(a *gateway.App) { a.DevServer = vite.URL })),
		"page alone": w.serve(withPage(dir), of(func(a *gateway.App) { a.Upstream = "" })),
	} {
		for _, b := range []*browser{n.stranger(), n.loggedIn()} {
			for _, path := range []string{"/api/dbsc/register", "/api/dbsc/refresh"} {
				for _, spelled := range []string{path, path + "?a=%zz;", path + "/", "/" + path, strings.Replace(path, "/dbsc/", "//dbsc//", 1), strings.Replace(path, "d", "%64", 1)} {
					b.wantGuard(t, "POST", spelled)
				}
				b.wantGuard(t, "GET", path, "Sec-Fetch-Mode", "navigate", "Accept", "text/html")
				b.wantGuard(t, "HEAD", path)
				b.wantGuard(t, "OPTIONS", path)
				b.wantGuard(t, "POST", path, "Origin", "null")
				b.wantGuard(t, "POST", path, "Cookie", strings.Repeat("a="+strings.Repeat("x", 4000)+"; ", 100))
			}
			b.do("POST", "/api/x/../dbsc/refresh/x", "").want(t, 400, "bad_request")
			b.do("POST", "/api/dbsc", "")
			b.do("POST", "/api/dbsc/refreshed", "")
		}
		for _, r := range append(w.app.take(), vite.take()...) {
			if r.URL.Path != "/api/dbsc" && r.URL.Path != "/api/dbsc/refreshed" {
				t.Errorf("%s: an app saw %s %s", name, r.Method, r.URL.Path)
			}
		}
	}
}

// wantGuard sends a request that says nothing to one of the routes for device-bound sessions.
func (b *browser) wantGuard(t *testing.T, method, path string, header ...string) {
	t.Helper()
	want := http.StatusServiceUnavailable
	if strings.Contains(path, "register") {
		want = http.StatusForbidden
	}
	resp := b.open(b.request(method, path, "", header...))
	if resp.StatusCode != want || resp.Header.Get("Cross-Origin-Resource-Policy") != "same-origin" {
		t.Errorf("%s %s: %s %v", method, path, resp.Status, resp.Header)
	}
}
