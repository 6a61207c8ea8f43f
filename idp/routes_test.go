package idp_test

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
)

func TestUnknownPaths(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{
		"/", "/api", "/api/", "/api/login/", "/api/login/x", "//api/login", "/api//login", "/api/./login", "/api/x/../login", "/api/%2e%2e/api/login",
		"/oauth2/authorize", "/api/jwt/refresh/", "/api/jwt/refresh/a/b", "/admin", "/API/LOGIN",
	} {
		for _, method := range []string{"GET", "POST", "DELETE", "OPTIONS", "BREW"} {
			w.keyed(method, path, "").wantEmpty(http.StatusNotFound)
		}
	}
}

func TestLGN18_WrongMethods(t *testing.T) {
	w := newWorld(t)
	for path, allow := range map[string]string{
		"/api/login": "POST", "/api/logout": "POST", "/oauth2/token": "POST", "/api/status": "GET", "/.well-known/jwks.json": "GET",
		"/api/jwt/refresh": "DELETE, GET, POST", "/api/jwt/refresh/x": "DELETE, GET", "/api/user/x": "DELETE, GET, PATCH, POST, PUT", "/api/user": "GET, POST", "/api/user/search": "GET, POST", "/api/user/import": "POST",
		"/api/user/change-password": "POST", "/api/user/change-password/x": "GET, POST",
	} {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"} {
			if strings.Contains(allow, method) || method == "HEAD" && strings.Contains(allow, "GET") {
				continue
			}
			if a := w.keyed(method, path, "").wantEmpty(http.StatusMethodNotAllowed); a.header.Get("Allow") != allow {
				t.Errorf("%s %s: Allow %q, want %q", method, path, a.header.Get("Allow"), allow)
			}
		}
	}
	if a := w.send("GET", "/api/status", "", "").want(http.StatusOK); a.text("status") != "ok" {
		t.Errorf("%s", a.body)
	}
}

// TestAUD02_LogHasNoSecrets, and its lines cannot be forged.
func TestAUD02_LogHasNoSecrets(t *testing.T) {
	var log bytes.Buffer
	w := newWorldOf(t, idp.Application{OnOneTimeTokenReuse: true, ClientSecret: clientSecret}, idptest.WithConfig(func(c *idp.Config) {
		c.Logger = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug - 8}))
	}))
	login := w.login(object{"ipAddress": "203.0.113.7"}).want(http.StatusOK)
	first := login.text("refreshToken")
	second := w.refresh(first).want(http.StatusOK).text("refreshToken")
	third := w.exchange(second).want(http.StatusOK).text("refresh_token")
	w.refresh(first).wantEmpty(http.StatusNotFound)
	w.refresh("forged-by-hand").want(http.StatusBadRequest)
	w.login(object{"loginId": "typed my password here\r\n{}", "password": "wrong-password-marker"}).wantEmpty(http.StatusNotFound)
	w.login(nil, "Authorization", "wrong-key-marker").wantEmpty(http.StatusUnauthorized)
	w.exchange(third, "client_secret", "wrong-secret-marker").want(http.StatusUnauthorized)
	must(t, w.Close())
	w.login(nil).wantEmpty(http.StatusInternalServerError)

	text := log.String()
	for _, secret := range []string{
		first, second, third, login.text("token"), idptest.Password, w.APIKey, clientSecret, "typed my password", "ada@example.com",
		"forged-by-hand", "wrong-password-marker", "wrong-key-marker", "wrong-secret-marker",
	} {
		if strings.Contains(text, secret) {
			t.Errorf("the log has %q", secret)
		}
	}
	for _, event := range []string{
		`"msg":"login","status":200`, `"ip":"203.0.113.7"`, `"msg":"login failed"`, `"login_id_hash":"`, `"msg":"refresh"`,
		`"msg":"refresh refused"`, `"level":"WARN","msg":"refresh token reuse"`, `"msg":"refresh tokens revoked"`, `"level":"ERROR","msg":"internal error"`,
	} {
		if !strings.Contains(text, event) {
			t.Errorf("the log lacks %s:\n%s", event, text)
		}
	}
}

// TestTHR06_Flood: one login is hashed, one waits, the rest are turned away at
// once; who goes away leaves the queue; everybody else is served meanwhile.
func TestTHR06_Flood(t *testing.T) {
	w := newWorld(t, idptest.WithConfig(func(c *idp.Config) { c.Hash.Workers, c.Hash.Queue = 1, 1 }))
	statuses := make(chan answer, 50)
	for range cap(statuses) {
		go func() { statuses <- w.login(nil) }()
	}
	count := make(map[int]int)
	for range cap(statuses) {
		a := <-statuses
		count[a.status]++
		if a.status == http.StatusServiceUnavailable && (a.header.Get("Retry-After") != "1" || a.body != "") {
			t.Errorf("503 with %v %q", a.header, a.body)
		}
	}
	if count[200] == 0 || count[200]+count[503] != cap(statuses) {
		t.Errorf("statuses %v, want 200 and 503 only", count)
	}
	w.login(nil).want(http.StatusOK)
}

// TestBrokenBody: a body that ends early is the client's fault.
func TestBrokenBody(t *testing.T) {
	w := newWorld(t)
	r := httptest.NewRequest("POST", "/api/login", io.MultiReader(strings.NewReader(`{"loginId":`), broken{}))
	r.Header.Set("Authorization", w.APIKey)
	rec := httptest.NewRecorder()
	w.ServeHTTP(rec, r)
	if rec.Code != http.StatusBadRequest {
		t.Errorf("status %d, want 400", rec.Code)
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("connection reset") }

// TestNothingIsLeftBehind: a closed Server has no goroutines, or the bubble
// would not end.
func TestNothingIsLeftBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		token, _ := w.loggedIn()
		w.refresh(token).want(http.StatusOK)
	})
}
