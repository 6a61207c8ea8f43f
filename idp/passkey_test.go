package idp_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/descope/virtualwebauthn"

	"github.com/latchkey-dev/latchkey/idp/idptest"
	"github.com/latchkey-dev/latchkey/internal/passkeytest"
)

// TestPasskeys goes through FusionAuth's calls for a page on localhost, as a developer's is.
func TestPasskeys(t *testing.T) {
	w := newWorld(t)
	rp := virtualwebauthn.RelyingParty{ID: "store.localhost", Name: "Store", Origin: "http://store.localhost:8080"}
	device, key := virtualwebauthn.NewAuthenticator(), passkeytest.NewKey()
	post := func(path string, body object) answer { return w.keyed("POST", "/api/webauthn/"+path, body.String()) }
	options := func(a answer) string {
		var body struct{ Options json.RawMessage }
		a.want(http.StatusOK).decode(&body)
		return string(body.Options)
	}

	post("start", object{"loginId": "ada@example.com"}).wantEmpty(http.StatusNotFound)
	post("register/start", object{"userId": w.user.ID}).wantCode("[invalid]displayName")
	post("register/start", object{"userId": w.app.ID, "displayName": "phone"}).wantEmpty(http.StatusNotFound)
	creation, err := virtualwebauthn.ParseAttestationOptions(options(post("register/start", object{"userId": w.user.ID, "displayName": "phone"})))
	must(t, err)
	device.Options.UserHandle = []byte(creation.UserID)
	made := object{"userId": w.user.ID, "origin": rp.Origin, "rpId": rp.ID, "credential": json.RawMessage(virtualwebauthn.CreateAttestationResponse(rp, device, key, *creation))}
	var body struct {
		Credential struct{ ID, UserID, DisplayName, RelyingPartyID string }
	}
	post("register/complete", made).want(http.StatusOK).decode(&body)
	if c := body.Credential; c.UserID != w.user.ID || c.DisplayName != "phone" || c.RelyingPartyID != rp.ID {
		t.Errorf("credential %+v", c)
	}
	post("register/complete", made).wantCode("[expired]credential") // a challenge is good once

	sign := func() object {
		request, err := virtualwebauthn.ParseAssertionOptions(options(post("start", object{"loginId": "ada@example.com", "applicationId": w.app.ID})))
		must(t, err)
		key.Counter++
		return object{"origin": rp.Origin, "rpId": rp.ID, "applicationId": w.app.ID, "credential": json.RawMessage(virtualwebauthn.CreateAssertionResponse(rp, device, key, *request))}
	}
	w.refresh(post("login", sign()).want(http.StatusOK).text("refreshToken")).want(http.StatusOK)
	key.Counter -= 2 // a copy of the key was used meanwhile
	post("login", sign()).wantCode("[invalid]credential")
	key.Counter += 2
	late := sign()
	w.clock.advance(3 * time.Minute)
	post("login", late).wantCode("[expired]credential")
	must(t, w.SetUserActive(t.Context(), w.user.ID, false))
	post("login", sign()).wantEmpty(http.StatusLocked)
	must(t, w.SetUserActive(t.Context(), w.user.ID, true))

	w.keyed("GET", "/api/webauthn/"+body.Credential.ID, "").want(http.StatusOK)
	w.keyed("DELETE", "/api/webauthn/"+body.Credential.ID, "").wantEmpty(http.StatusOK)
	w.keyed("GET", "/api/webauthn/"+body.Credential.ID, "").wantEmpty(http.StatusNotFound)
	w.keyed("DELETE", "/api/webauthn?userId="+w.user.ID, "").wantEmpty(http.StatusOK)
	for _, call := range []string{"POST register/start", "POST register/complete", "POST start", "POST login", "GET x"} {
		method, path := call[:4], call[5:]
		if call == "GET x" {
			method, path = "GET", w.user.ID
		}
		w.send(method, "/api/webauthn/"+path, "", "").wantEmpty(http.StatusUnauthorized)
	}
}

// FuzzPasskey: whatever a browser answers is refused in good order.
func FuzzPasskey(f *testing.F) {
	for _, seed := range []string{`{}`, `{"id":"AA","rawId":"AA","type":"public-key","response":{"attestationObject":"o2NmbXQ","clientDataJSON":"e30"}}`,
		`{"id":"AA","rawId":"AA","type":"public-key","response":{"authenticatorData":"AA","signature":"AA","clientDataJSON":"e30"}}`} {
		f.Add(seed)
	}
	p := idptest.New(f, idptest.WithoutSocket())
	user := p.AddUser("ada@example.com")
	f.Fuzz(func(t *testing.T, credential string) {
		if !json.Valid([]byte(credential)) {
			t.Skip()
		}
		body := object{"userId": user.ID, "origin": "https://shop.example.com", "rpId": "shop.example.com", "credential": json.RawMessage(credential)}
		for _, path := range []string{"register/complete", "login"} {
			r := httptest.NewRequest("POST", "/api/webauthn/"+path, strings.NewReader(body.String()))
			r.Header.Set("Authorization", p.APIKey)
			got := httptest.NewRecorder()
			if p.ServeHTTP(got, r); got.Code != http.StatusBadRequest {
				t.Errorf("%s: %d %s", path, got.Code, got.Body)
			}
		}
	})
}
