package idp_test

import (
	"encoding/base64"
	"testing"
)

// TestNUL: PostgreSQL keeps no NUL, and so the request that has one is refused.
func TestNUL(t *testing.T) {
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
