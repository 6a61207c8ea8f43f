package idp_test

import (
	"encoding/base64"
	"errors"
	"net/http"
	"testing"

	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
)

// PostgreSQL keeps no NUL, and so the request that has one is refused.
func TestText_refusesNUL(t *testing.T) {
	w := newWorld(t)
	post := func(path string, body object) answer { return w.keyed("POST", path, body.String()) }
	post("/api/webauthn/register/start", object{"userId": w.user.ID, "displayName": "a\x00"}).wantCode("[invalid]displayName")
	post("/api/webauthn/register/start", object{"userId": w.user.ID, "displayName": "a", "userAgent": "a\x00"}).wantCode("[invalid]displayName")
	post("/api/user/search", object{"search": object{"queryString": "a\x00"}}).wantCode("[invalid]search.queryString")
	w.keyed("GET", "/api/user/search?queryString=%00", "").wantCode("[invalid]search.queryString")
	post("/api/application", object{"application": object{"name": "a\x00"}}).wantCode("[invalid]application.name")
	post("/api/tenant", object{"tenant": object{"name": "a\x00"}}).wantCode("[invalid]tenant.name")

	encode := base64.RawURLEncoding.EncodeToString
	for _, challenge := range []string{`a\u0000b`, "", "short", `\u00e9`} {
		client := encode([]byte(`{"type":"webauthn.get","challenge":"` + challenge + `","origin":"https://x.example"}`))
		credential := object{"id": "AA", "rawId": "AA", "type": "public-key", "response": object{"authenticatorData": encode(make([]byte, 37)), "signature": "AA", "clientDataJSON": client}}
		post("/api/webauthn/login", object{"origin": "https://x.example", "rpId": "x.example", "credential": credential}).wantCode("[expired]credential")
	}
}

// A password with a NUL cannot be set, for no login form takes one.
func TestNULInAPassword(t *testing.T) {
	w := newWorld(t)
	const withNUL = "a NUL\x00 inside the phrase"
	bearer := w.token()
	user := object{"email": "new@example.com", "password": withNUL}
	for _, c := range []struct{ method, path, body, code, authorization string }{
		{"POST", "/api/user", object{"user": user}.String(), "[invalid]user.password", w.APIKey},
		{"POST", "/api/user/registration", object{"user": user, "registration": object{"applicationId": w.app.ID}}.String(), "[invalid]user.password", w.APIKey},
		{"POST", "/api/user/import", object{"users": []object{user}}.String(), "[invalid]users[0].password", w.APIKey},
		{"PUT", "/api/user/" + w.user.ID, object{"user": object{"email": w.user.Email, "password": withNUL}}.String(), "[invalid]user.password", w.APIKey},
		{"PATCH", "/api/user/" + w.user.ID, object{"user": object{"password": withNUL}}.String(), "[invalid]user.password", w.APIKey},
		{"POST", "/api/user/change-password", object{"currentPassword": idptest.Password, "password": withNUL}.String(), "[invalid]password", "Bearer " + bearer},
		{"POST", "/api/user/change-password", object{"loginId": w.user.Email, "password": withNUL}.String(), "[invalid]password", w.APIKey},
	} {
		w.send(c.method, c.path, "application/json", c.body, "Authorization", c.authorization).wantCode(c.code)
	}
	if wrong, ok := errors.AsType[idp.ValidationError](w.SetPassword(t.Context(), w.user.ID, withNUL)); !ok || wrong[0].Code() != "[invalid]user.password" {
		t.Errorf("%v", wrong)
	}
	w.login(nil).want(http.StatusOK)
}
