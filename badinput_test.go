package latchkey_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey/idp/idptest"
)

func header(name string, values ...string) func(*http.Request) {
	return func(r *http.Request) {
		r.Header.Del(name)
		for _, v := range values {
			r.Header.Add(name, v)
		}
	}
}

func TestLGN01_BadLoginRequests(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		good := `{"email":"ada@example.com","password":"` + idptest.Password + `"}`
		for name, c := range map[string]struct {
			method, body string
			change       func(*http.Request)
			status       int
			code         string
		}{
			"GET":               {"GET", "", header("X"), 405, "method_not_allowed"},
			"PUT":               {"PUT", good, header("X"), 405, "method_not_allowed"},
			"DELETE":            {"DELETE", "", header("X"), 405, "method_not_allowed"},
			"form":              {"POST", "email=a&password=b", header("Content-Type", "application/x-www-form-urlencoded"), 415, "unsupported_media_type"},
			"text":              {"POST", good, header("Content-Type", "text/plain"), 415, "unsupported_media_type"},
			"no type":           {"POST", good, header("Content-Type"), 415, "unsupported_media_type"},
			"latin1":            {"POST", good, header("Content-Type", "application/json; charset=latin1"), 415, "unsupported_media_type"},
			"odd type":          {"POST", good, header("Content-Type", "application/json;;;="), 415, "unsupported_media_type"},
			"compressed":        {"POST", good, header("Content-Encoding", "gzip"), 415, "unsupported_media_type"},
			"empty":             {"POST", "", header("X"), 400, "bad_request"},
			"malformed":         {"POST", `{"email":`, header("X"), 400, "bad_request"},
			"not an object":     {"POST", `["a"]`, header("X"), 400, "bad_request"},
			"NUL":               {"POST", `{"email":"a\u0000@b","password":"p"}`, header("X"), 400, "bad_request"},
			"not UTF-8":         {"POST", "{\"email\":\"a\xff@b\",\"password\":\"p\"}", header("X"), 400, "bad_request"},
			"8 KiB":             {"POST", `{"email":"a@b","password":"` + strings.Repeat("x", 8<<10) + `"}`, header("X"), 413, "payload_too_large"},
			"huge":              {"POST", strings.Repeat(" ", 1<<20), header("X"), 413, "payload_too_large"},
			"unknown user":      {"POST", `{"email":"nobody@example.com","password":"p"}`, header("X"), 401, "invalid_credentials"},
			"wrong password":    {"POST", `{"email":"ada@example.com","password":"p"}`, header("X"), 401, "invalid_credentials"},
			"SQL":               {"POST", `{"email":"' OR 1=1 --","password":"p"}`, header("X"), 401, "invalid_credentials"},
			"CR LF to headers":  {"POST", `{"email":"a@b","password":"p\r\nSet-Cookie: x=y"}`, header("X"), 401, "invalid_credentials"},
			"password too long": {"POST", `{"email":"ada@example.com","password":"` + strings.Repeat("x", 2000) + `"}`, header("X"), 401, "invalid_credentials"},
		} {
			b := newBrowser()
			got := b.send(w.shop, c.method, "/api/login", c.body, c.change)
			if got.status != c.status || got.code != c.code || got.minted || got.header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s: %d %q, cookies %v, %v", name, got.status, got.code, got.minted, got.header)
			}
			if c.status == 405 && got.header.Get("Allow") != "POST" {
				t.Errorf("%s: Allow %q", name, got.header.Get("Allow"))
			}
			if strings.Contains(got.body, "ada@") || strings.Contains(got.body, "xxx") {
				t.Errorf("%s: the answer repeats the request: %s", name, got.body)
			}
		}
		newBrowser().send(w.shop, "POST", "/api/login", good, header("Content-Type", "Application/JSON; charset=UTF-8")).want(t, 200, "", "")
		for path, allow := range map[string]string{"/api/user": "GET, HEAD", "/api/logout": "POST"} {
			if got := newBrowser().send(w.shop, "PATCH", path, ""); got.status != 405 || got.header.Get("Allow") != allow {
				t.Errorf("PATCH %s: %d, Allow %q", path, got.status, got.header.Get("Allow"))
			}
		}
		newBrowser().get(w.shop, "/api/nothing").want(t, 404, "not_found", "")
	})
}

// LGN-03: what differs between an unknown user and a wrong password is nothing.
func TestLGN03_UnknownUserAndWrongPasswordAreAlike(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		unknown := newBrowser().send(w.shop, "POST", "/api/login", `{"email":"nobody@example.com","password":"p"}`)
		wrong := newBrowser().send(w.shop, "POST", "/api/login", `{"email":"ada@example.com","password":"p"}`)
		if unknown.body != wrong.body || unknown.status != wrong.status || len(unknown.header) != len(wrong.header) {
			t.Errorf("%d %s\n%d %s", unknown.status, unknown.body, wrong.status, wrong.body)
		}
	})
}

// What a password proved right may learn.
func TestLGN16_OtherOutcomesOfLogin(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		other := w.provider.AddUser("bob@example.com")
		try := func(email, password string) reply {
			return newBrowser().send(w.shop, "POST", "/api/login", `{"email":"`+email+`","password":"`+password+`"}`)
		}
		try("bob@example.com", idptest.Password).want(t, 403, "not_registered", "")
		try("bob@example.com", "wrong").want(t, 401, "invalid_credentials", "")
		must(t, w.provider.SetUserActive(t.Context(), w.user.ID, false))
		try("ada@example.com", idptest.Password).want(t, 403, "account_locked", "")
		try("ada@example.com", "wrong").want(t, 401, "invalid_credentials", "")
		must(t, w.provider.SetUserExpiry(t.Context(), other.ID, time.Now().Add(-time.Second)))
		try("bob@example.com", idptest.Password).want(t, 403, "login_prevented", "")
		try("bob@example.com", "wrong").want(t, 401, "invalid_credentials", "")
	})
}

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
			"the page's own form":    {"same-origin", "null", true}, // with Referrer-Policy: no-referrer
			"same-origin, but not":   {"same-origin", "https://evil.example", false},
			"a bookmark":             {"none", "", true},
			"another port":           {"", "https://store.example.com:8443", false},
			"another scheme":         {"", "http://store.example.com", false},
			"a longer name":          {"", "https://store.example.com.evil.example", false},
			"neither (CSR-04)":       {"", "", false},
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
		b.get(w.shop, "/api/private").want(t, 401, "login_required", "logout") // the logout left a tombstone
	})
}
