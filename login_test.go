package latchkey_test

import (
	"github.com/latchkey-dev/latchkey/idp/idptest"

	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestLogin_shortensTheUserAgent(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b := newBrowser()
		b.send(w.shop, "POST", "/api/login", `{"email":"ada@example.com","password":"correct horse battery"}`, header("User-Agent", strings.Repeat("Ünï", 2000))).want(t, 200, "", "")
		if n := len(w.store.Records()[0].Device.UserAgent); n == 0 || n > 256 {
			t.Errorf("%d bytes of user agent", n)
		}
	})
}

// LGN-09, SES-02: a login discards whatever session the browser had, and takes nothing of it over.
func TestLGN09_LoginEndsTheSessionBefore(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b := newBrowser()
		b.login(w.shop)
		old := b.copy(w.shop)
		w.provider.AddUser("bob@example.com", w.shop.application.ID)
		got := b.send(w.shop, "POST", "/api/login", `{"loginId":"BOB@example.com","password":"correct horse battery"}`)
		if got.status != 200 || !strings.Contains(got.body, "bob@example.com") {
			t.Fatalf("login as Bob: %d %s", got.status, got.body)
		}
		if got := b.get(w.shop, "/api/private"); got.body != "bob@example.com" {
			t.Errorf("who is it now? %s", got.body)
		}
		old.get(w.shop, "/api/private").want(t, 401, "login_required", "logout")
		synctest.Wait()
		if n := w.refreshTokens(); n != 0 {
			t.Errorf("Ada's refresh token is alive")
		}
		for _, name := range []string{sessionCookie, refreshCookie} {
			if value := old.jar(w.shop)[name]; b.jar(w.shop)[name] == value {
				t.Errorf("%s was taken over", name)
			}
		}
	})
}

func TestLogin_rememberMe(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		for body, persistent := range map[string]bool{`"remember":true`: true, `"remember":false`: false, `"email":"ada@example.com"`: true} {
			b := newBrowser()
			body = strings.TrimSuffix(`{"email":"ada@example.com",`+strings.ReplaceAll(body, `"email":"ada@example.com"`, "")+`,`, ",,") + `,"password":"correct horse battery"}`
			got := b.send(w.shop, "POST", "/api/login", strings.ReplaceAll(body, ",,", ","))
			if got.status != 200 {
				t.Fatalf("%s: %d %s", body, got.status, got.body)
			}
			for range 2 { // at login and at the refresh
				for _, line := range got.header["Set-Cookie"] {
					want := persistent && strings.HasPrefix(line, refreshCookie) || strings.HasPrefix(line, "__Host-device")
					if strings.Contains(line, "Max-Age") != want {
						t.Errorf("remember %v: %s", persistent, line)
					}
				}
				time.Sleep(time.Hour)
				got = b.get(w.shop, "/api/private")
				got.ok(t, true)
			}
		}
	})
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
