package gateway_test

import (
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
