package idp_test

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/latchkey-dev/latchkey/idp"
)

// otherSpellings are texts that a lenient decoder reads as the token.
func otherSpellings(token string) map[string]string {
	head, rest, _ := strings.Cut(token, ".")
	payload, signature, _ := strings.Cut(rest, ".")
	return map[string]string{
		"a line feed in the header":          head[:4] + "\n" + head[4:] + "." + rest,
		"a line feed in the payload":         head + "." + payload[:4] + "\n" + payload[4:] + "." + signature,
		"a carriage return in the signature": head + "." + payload + "." + signature[:4] + "\r" + signature[4:],
		"a line feed behind it":              token + "\n",
		"a space before it":                  " " + token,
		"padding":                            token + "==",
		"bits that count for nothing":        token[:len(token)-1] + strayBits(token[len(token)-1]),
		"a fourth segment":                   token + ".",
		"two segments":                       head + "." + payload,
	}
}

// strayBits is the last letter of a signature of 64 bytes, with a bit set that stands for nothing.
func strayBits(last byte) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return string(letters[strings.IndexByte(letters, last)|1])
}

func TestTokensHaveOneSpelling(t *testing.T) {
	w := newWorld(t)
	token := w.token()
	if _, err := base64.RawURLEncoding.DecodeString(token[strings.LastIndexByte(token, '.')+1:]); err != nil {
		t.Fatal(err)
	}
	w.send("GET", "/oauth2/userinfo", "", "", "Authorization", "Bearer "+token).want(http.StatusOK)
	for name, text := range otherSpellings(token) {
		if active, _ := w.introspect("token", text).active(); active {
			t.Errorf("%s: active", name)
		}
		r := httptest.NewRequest("GET", "/api/jwt/validate", nil)
		// as no client would send some of them
		r.Header["Authorization"] = []string{"Bearer " + text}
		got := httptest.NewRecorder()
		if w.ServeHTTP(got, r); got.Code != http.StatusUnauthorized {
			t.Errorf("%s: %d", name, got.Code)
		}
	}
}

// RFC 7519 §4.1.5: a token is not good before its time.
func TestNotBefore(t *testing.T) {
	w := newTwoTenants(t)
	token := w.forge(object{"nbf": w.clock.now().Unix() + 3600})
	w.wantAnswers("an hour before", token, w.shop.ID, refused)
	w.clock.advance(time.Hour)
	w.wantAnswers("when its time has come", token, w.shop.ID, taken)
}

// What a request may say once is not believed where it comes twice: two who read it could be of two
// opinions.
func TestWhatComesTwice(t *testing.T) {
	w := newWorld(t)
	grace := w.AddUser("grace@example.com", w.app.ID)
	hers := w.login(object{"loginId": grace.Email}).want(http.StatusOK).text("token")
	mine, there := w.token(), uuid.NewString()
	must(t, w.EnsureTenant(t.Context(), idp.Tenant{ID: there, Name: "There"}))
	bearer := func(token string) string { return "Bearer " + token }
	for name, c := range map[string]struct {
		method, path, body string
		header             http.Header
		status             int
	}{
		"one":               {"GET", "/oauth2/userinfo", "", http.Header{"Authorization": {bearer(mine)}}, 200},
		"two tokens":        {"GET", "/oauth2/userinfo", "", http.Header{"Authorization": {bearer(mine), bearer(hers)}}, 401},
		"the same twice":    {"GET", "/oauth2/userinfo", "", http.Header{"Authorization": {bearer(mine), bearer(mine)}}, 401},
		"two for the user":  {"GET", "/api/user", "", http.Header{"Authorization": {bearer(mine), w.APIKey}}, 401},
		"two API keys":      {"GET", "/api/user/" + grace.ID, "", http.Header{"Authorization": {w.APIKey, "x"}}, 401},
		"two for a client":  {"POST", "/oauth2/token", "", http.Header{"Authorization": {"Basic YTpi", "Basic YTpj"}}, 401},
		"two where none is": {"GET", "/api/health", "", http.Header{"Authorization": {"a", "b"}}, 401},
		"two cookies":       {"GET", "/api/jwt/validate", "", http.Header{"Cookie": {"access_token=" + mine + "; access_token=" + hers}}, 401},
		"two tenants":       {"GET", "/api/user/" + grace.ID, "", http.Header{"Authorization": {w.APIKey}, "X-Fusionauth-Tenantid": {grace.TenantID, there}}, 400},
		"two media types":   {"POST", "/api/login", `{"loginId":"ada@example.com","password":"x"}`, http.Header{"Authorization": {w.APIKey}, "Content-Type": {"application/json", "text/plain"}}, 415},
		"two for a patch":   {"PATCH", "/api/user/" + grace.ID, `{}`, http.Header{"Authorization": {w.APIKey}, "Content-Type": {"application/json", "application/merge-patch+json"}}, 415},
		"two for a form":    {"POST", "/oauth2/token", "grant_type=password", http.Header{"Content-Type": {formType, "text/plain"}}, 400},
	} {
		r := httptest.NewRequest(c.method, c.path, strings.NewReader(c.body))
		r.Header = c.header
		got := httptest.NewRecorder()
		if w.ServeHTTP(got, r); got.Code != c.status {
			t.Errorf("%s: %d, want %d", name, got.Code, c.status)
		}
	}
}
