package gateway_test

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/latchkey-dev/latchkey/account"
	"github.com/latchkey-dev/latchkey/fusionauth"
	"github.com/latchkey-dev/latchkey/gateway"
)

// withAccounts makes the gateway serve accounts, and protect everything.
func withAccounts(c *gateway.Config) {
	app := &c.Apps[0]
	app.Account, app.Protect = &account.Config{Client: app.Login.Provider.(*fusionauth.Client)}, nil
}

// The page for links in mails needs no login, has its own policy, and changes nothing when it is
// opened.
func TestAccountPage(t *testing.T) {
	w := newWorld(t)
	b := w.serve(withAccounts).stranger()
	got := b.do("GET", account.PagePath, "")
	got.want(t, 200, "")
	if !strings.Contains(got.body, `src="app.js"`) || got.header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Errorf("%v %s", got.header, got.body)
	}
	if csp := got.header.Get("Content-Security-Policy"); csp != account.PagePolicy || strings.Contains(csp, "unsafe") {
		t.Errorf("policy %q", csp)
	}
	for name, contentType := range map[string]string{"app.js": "text/javascript; charset=utf-8", "app.css": "text/css; charset=utf-8", "licenses.txt": "text/plain; charset=utf-8"} {
		got := b.do("GET", account.PagePath+name, "")
		got.want(t, 200, "")
		if got.header.Get("Content-Type") != contentType || got.header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %v", name, got.header)
		}
		b.do("GET", account.PagePath+name, "", "If-None-Match", got.header.Get("ETag")).want(t, 304, "")
		b.do("HEAD", account.PagePath+name, "").want(t, 200, "")
	}
	b.do("GET", account.PagePath+"other.js", "").want(t, 404, "not_found")
	b.do("GET", account.PagePath+"other", "", "Sec-Fetch-Mode", "navigate").want(t, 404, "not_found")
	b.do("POST", account.PagePath, "{}").want(t, 405, "method_not_allowed")
	short := b.do("GET", strings.TrimSuffix(account.PagePath, "/"), "")
	short.want(t, 308, "")
	if to := short.header.Get("Location"); to != account.PagePath {
		t.Errorf("redirected to %q", to)
	}
	if n := len(w.app.take()); n != 0 {
		t.Errorf("%d requests reached the app", n)
	}
}

// The app's account.Config decides about authenticators and registration; origin and browser
// address are the gateway's.
func TestAccountConfig(t *testing.T) {
	w := newWorld(t)
	n := w.serve(withAccounts, func(c *gateway.Config) {
		c.Apps[0].Account.Issuer, c.Apps[0].Account.Registration = "The Shop", account.RegistrationUnverified
		c.Apps[0].Account.Origin, c.Apps[0].Account.ClientIP = "https://elsewhere.example", func(*http.Request) string { return "6.6.6.6" }
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	})
	made := n.loggedIn().do("POST", "/api/authenticator/secret", "")
	made.want(t, 200, "")
	if !strings.Contains(made.body, "issuer=The+Shop") {
		t.Errorf("%s", made.body)
	}
	n.stranger().do("POST", "/api/register", `{"email":"ada@example.com","password":"a passphrase of somebody"}`).want(t, 409, "email_taken")
	forgot := func(address string) int {
		return n.stranger().do("POST", "/api/forgot-password", `{"email":"x@example.com"}`, "X-Forwarded-For", address).status
	}
	for range 25 {
		forgot("203.0.113.7")
	}
	if mine, other := forgot("203.0.113.7"), forgot("198.51.100.9"); mine != 429 || other != 202 {
		t.Errorf("a busy address: %d, another: %d", mine, other)
	}
}

// The links in mails are opened without a login: an account page that needs one is refused, and so
// is one that nothing serves.
func TestAccountPageNeedsNoLogin(t *testing.T) {
	w := newWorld(t)
	accounts := func(a *gateway.App) { a.Account = &account.Config{Client: w.fusionauth} }
	spa := func(a *gateway.App) { a.Page = gateway.Dir(dist(t)) }
	spaAlone := func(a *gateway.App) { spa(a); a.Upstream = "" }
	vite := func(a *gateway.App) { a.DevServer = w.app.URL }
	for _, c := range []struct {
		page            string
		protect, public []string
		change          func(*gateway.App)
		good            bool
	}{
		{"/account", []string{"/api/"}, nil, nil, true},
		{"/account", nil, []string{"/account"}, nil, true},
		{"/.latchkey/account/", nil, nil, nil, true},
		{"/account", nil, nil, nil, false},
		{"/Members/account", []string{"/members/"}, nil, nil, false},
		{"/account", nil, nil, spa, true},
		{"/account", nil, nil, spaAlone, true},
		{"/account", nil, nil, vite, true},
		{"/members/account", []string{"/Members/"}, nil, spa, false},
		{"/members/account", []string{"/members/"}, nil, vite, false},
		{"/account", nil, []string{"/account"}, spa, true}, // the app serves it
		{"/account", nil, []string{"/account"}, spaAlone, false},
		{"/api/account", []string{"/private/"}, nil, spaAlone, false},
		{"/api/login", []string{}, nil, nil, false},
		{"/api/reset-password", []string{}, nil, accounts, false},
		{"/api/sessions/mine", []string{}, nil, spa, false},
	} {
		app := gateway.App{Login: w.login, Upstream: w.app.URL, Protect: c.protect, Public: c.public, AccountPage: c.page}
		if c.change != nil {
			c.change(&app)
		}
		g, err := gateway.New(gateway.Config{Apps: []gateway.App{app}})
		if (err == nil) != c.good {
			t.Errorf("%s with %v and %v: %v", c.page, c.protect, c.public, err)
		}
		if err == nil {
			g.Close(t.Context())
		}
	}
}

// An account page that the gateway itself would refuse is a dead link in every mail.
func TestAccountPageIsServed(t *testing.T) {
	w := newWorld(t)
	for page, good := range map[string]bool{
		"/account": true, "/Settings/Mail-links": true, "/a%20page": true, account.PagePath: true, "/{id}": true,
		"/a//b": false, "///evil.example": false, "/../x": false, "/%2e%2e/x": false, "/a%2fb": false, "/%3f": false, "/a;b": false, "/%00": false, `/\evil.example`: false, "//evil.example/": false,
		"https://evil.example/": false, "account": false, "/a?b": false, "/a#b": false, "/.latchkey/other": false, "/.LATCHKEY/account/": false, "/api/login": false, "/api/reset-password": false,
	} {
		g, err := gateway.New(gateway.Config{Apps: []gateway.App{{Login: w.login, Upstream: w.app.URL, Protect: []string{"/api/"}, AccountPage: page}}})
		if (err == nil) != good {
			t.Errorf("%s: %v", page, err)
		}
		if err == nil {
			g.Close(t.Context())
		}
	}
}

// The routes of guard and account are where Login.BasePath says, the page for links in mails knows,
// and what is below /api/ is the app's.
func TestBasePath(t *testing.T) {
	w := newWorld(t)
	b := w.serve(withAccounts, func(c *gateway.Config) {
		c.Apps[0].Login.BasePath, c.Apps[0].Public = "/auth", []string{"/api/"}
	}).stranger()
	b.do("GET", "/auth/user", "").want(t, 404, "not_logged_in")
	b.do("POST", "/auth/forgot-password", `{"email":"nobody@example.com"}`).want(t, 202, "")
	b.do("POST", "/auth/passkeys/1/remove", "{}").want(t, 401, "login_required")
	if page := b.do("GET", account.PagePath, ""); !strings.Contains(page.body, `<meta name="latchkey-base" content="/auth">`) {
		t.Errorf("page %s", page.body)
	}
	w.app.take()
	b.do("GET", "/api/user", "").want(t, 200, "")
	if n := len(w.app.take()); n != 1 {
		t.Errorf("%d requests reached the app", n)
	}
}
