package idp_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/descope/virtualwebauthn"

	"github.com/latchkey-dev/latchkey/internal/passkeytest"
)

// TestSwitchedOffApplication: no way of logging in issues tokens for an application that is
// switched off.
func TestSwitchedOffApplication(t *testing.T) {
	w := newWorld(t)
	a := enrolled(w)
	rp := virtualwebauthn.RelyingParty{ID: "store.localhost", Name: "Store", Origin: "http://store.localhost:8080"}
	device, key := virtualwebauthn.NewAuthenticator(), passkeytest.NewKey()
	post := func(path string, body object) answer { return w.keyed("POST", "/api/webauthn/"+path, body.String()) }
	options := func(path string, body object) string {
		var got struct{ Options json.RawMessage }
		post(path, body).want(http.StatusOK).decode(&got)
		return string(got.Options)
	}
	creation, err := virtualwebauthn.ParseAttestationOptions(options("register/start", object{"userId": w.user.ID, "displayName": "phone"}))
	must(t, err)
	device.Options.UserHandle = []byte(creation.UserID)
	signed := object{"userId": w.user.ID, "origin": rp.Origin, "rpId": rp.ID, "credential": json.RawMessage(virtualwebauthn.CreateAttestationResponse(rp, device, key, *creation))}
	post("register/complete", signed).want(http.StatusOK)
	request, err := virtualwebauthn.ParseAssertionOptions(options("start", object{"loginId": "ada@example.com", "applicationId": w.app.ID}))
	must(t, err)
	key.Counter++
	signed["credential"] = json.RawMessage(virtualwebauthn.CreateAssertionResponse(rp, device, key, *request))
	id := w.login(nil).want(242).text("twoFactorId")

	must(t, w.SetApplicationActive(t.Context(), w.app.ID, false))
	w.login(nil).wantCode("[invalid]applicationId")
	post("login", signed).wantCode("[invalid]applicationId")
	post("start", object{"userId": w.user.ID, "applicationId": w.app.ID}).wantCode("[invalid]applicationId")
	w.send("POST", "/api/two-factor/login", "application/json", object{"twoFactorId": id, "code": a.code(), "applicationId": w.app.ID}.String()).wantCode("[invalid]applicationId")
}

// TestUserOfAJWTIsActive: the JWT of a user who has been locked out reveals nothing.
func TestUserOfAJWTIsActive(t *testing.T) {
	w := newWorld(t)
	token := w.login(nil).want(http.StatusOK).text("token")
	get := func() answer { return w.send("GET", "/api/user", "", "", "Authorization", "Bearer "+token) }
	get().want(http.StatusOK)
	must(t, w.SetUserActive(t.Context(), w.user.ID, false))
	get().wantEmpty(http.StatusUnauthorized)
	must(t, w.SetUserActive(t.Context(), w.user.ID, true))
	must(t, w.SetUserExpiry(t.Context(), w.user.ID, w.clock.now()))
	get().wantEmpty(http.StatusUnauthorized)
}
