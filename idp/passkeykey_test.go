package idp_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"testing"

	"github.com/descope/virtualwebauthn"

	"github.com/latchkey-dev/latchkey/internal/passkeytest"
)

// A key that could never log in is refused when it is registered.
func TestPasskeysThatCannotSign(t *testing.T) {
	w := newWorld(t)
	rp := virtualwebauthn.RelyingParty{ID: "store.localhost", Name: "Store", Origin: "http://store.localhost:8080"}
	// of a P-256 key up to its x
	cose := []byte{0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20}
	for name, c := range map[string]struct {
		change func(key []byte)
		status int
	}{
		"as it is":                  {func([]byte) {}, http.StatusOK},
		"an algorithm of others":    {func(key []byte) { key[4] = 0x27 }, http.StatusBadRequest},
		"a curve of others":         {func(key []byte) { key[6] = 0x02 }, http.StatusBadRequest},
		"a point off the curve":     {func(key []byte) { key[len(cose)+31] ^= 1 }, http.StatusBadRequest},
		"the point of no key":       {func(key []byte) { clear(key[len(cose) : len(cose)+32]); clear(key[len(cose)+35 : len(cose)+67]) }, http.StatusBadRequest},
		"a kind of key that is not": {func(key []byte) { key[2] = 0x07 }, http.StatusBadRequest},
	} {
		device := virtualwebauthn.NewAuthenticator()
		var start struct{ Options json.RawMessage }
		w.keyed("POST", "/api/webauthn/register/start", object{"userId": w.user.ID, "displayName": "phone"}.String()).want(http.StatusOK).decode(&start)
		creation, err := virtualwebauthn.ParseAttestationOptions(string(start.Options))
		must(t, err)
		device.Options.UserHandle = []byte(creation.UserID)
		var credential map[string]any
		must(t, json.Unmarshal([]byte(virtualwebauthn.CreateAttestationResponse(rp, device, passkeytest.NewKey(), *creation)), &credential))
		response := credential["response"].(map[string]any)
		attestation, err := base64.RawURLEncoding.DecodeString(response["attestationObject"].(string))
		must(t, err)
		at := bytes.Index(attestation, cose)
		if at < 0 {
			t.Fatalf("no key in %x", attestation)
		}
		c.change(attestation[at:])
		response["attestationObject"] = base64.RawURLEncoding.EncodeToString(unattested(t, attestation))
		body := object{"userId": w.user.ID, "origin": rp.Origin, "rpId": rp.ID, "credential": credential}
		if got := w.keyed("POST", "/api/webauthn/register/complete", body.String()); got.status != c.status {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
}

// unattested is an attestation object of the format "none" with the same authenticator data: nobody
// vouches for the key.
func unattested(t *testing.T, attestation []byte) []byte {
	t.Helper()
	_, data, found := bytes.Cut(attestation, []byte("\x68authData"))
	if !found {
		t.Fatalf("no authenticator data in %x", attestation)
	}
	size := 2 // of the head of a byte string
	if data[0] == 0x59 {
		size = 3
	}
	length := int(data[size-1])
	if size == 3 {
		length += int(data[1]) << 8
	}
	return append([]byte("\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData"), data[:size+length]...)
}
