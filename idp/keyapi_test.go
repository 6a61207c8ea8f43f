package idp_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/uuid"

	"github.com/latchkey-dev/latchkey/idp"
)

type shownKey struct {
	Key struct {
		ID, KID, Name, Algorithm, Type, PublicKey string
		Length                                    int
		HasPrivateKey                             bool
	}
}

func (w *world) generateKey(algorithm string) (k shownKey) {
	w.t.Helper()
	a := w.keyed("POST", "/api/key/generate", object{"key": object{"algorithm": algorithm, "name": algorithm + " of the test"}}.String()).want(http.StatusOK)
	a.decode(&k)
	if strings.Contains(a.body, "PRIVATE") || strings.Contains(a.body, "secret") {
		w.t.Errorf("the key is shown: %s", a.body)
	}
	return k
}

// signWith has the application sign with a key.
func (w *world) signWith(id any) answer {
	w.t.Helper()
	return w.keyed("PATCH", "/api/application/"+w.app.ID, object{"application": object{"jwtConfiguration": object{"accessTokenKeyId": id}}}.String())
}

// Each algorithm signs a login and a refresh, is published but for the secret one, and verifies
// everywhere.
func TestKeysOfEachAlgorithm(t *testing.T) {
	for algorithm, want := range map[string]struct {
		kind string
		bits int
	}{"ES256": {"EC", 256}, "RS256": {"RSA", 2048}, "EdDSA": {"OKP", 256}, "HS256": {"HMAC", 256}} {
		t.Run(algorithm, func(t *testing.T) {
			w := newWorld(t)
			before := w.token()
			k := w.generateKey(algorithm).Key
			secret := algorithm == "HS256"
			if k.Type != want.kind || k.Length != want.bits || k.Algorithm != algorithm || k.HasPrivateKey == secret || (k.PublicKey == "") != secret {
				t.Errorf("%+v", k)
			}
			w.signWith(k.ID).want(http.StatusOK)
			login := w.login(nil).want(http.StatusOK)
			refreshed := w.refresh(login.text("refreshToken")).want(http.StatusOK)
			exchanged := w.exchange(refreshed.text("refreshToken")).want(http.StatusOK)
			for _, token := range []string{login.text("token"), refreshed.text("token"), exchanged.text("access_token")} {
				if keyOf(t, token) != k.KID || algorithmOf(t, token) != algorithm || !w.valid(token) {
					t.Errorf("signed by %s with %s, want %s", keyOf(t, token), algorithmOf(t, token), k.KID)
				}
				w.send("GET", "/oauth2/userinfo", "", "", "Authorization", "Bearer "+token).want(http.StatusOK)
			}
			if slices.Contains(w.published(), k.KID) == secret {
				t.Errorf("published %v", w.published())
			}
			w.send("GET", "/api/jwt/public-key?applicationId="+w.app.ID, "", "").want(map[bool]int{true: 404, false: 200}[secret])
			if !w.valid(before) {
				t.Error("the token of the key before is not valid")
			}
			w.signWith(nil).want(http.StatusOK)
			if keyOf(t, w.token()) == k.KID || !w.valid(login.text("token")) {
				t.Error("the provider's own key does not sign again, or the other's token is not valid")
			}
			w.keyed("DELETE", "/api/key/"+k.ID, "").want(http.StatusOK)
			if w.valid(login.text("token")) {
				t.Error("a token of a deleted key is valid")
			}
		})
	}
}

func algorithmOf(t *testing.T, token string) string {
	t.Helper()
	text, err := base64.RawURLEncoding.DecodeString(token[:strings.Index(token, ".")])
	must(t, err)
	var header struct{ Alg string }
	must(t, json.Unmarshal(text, &header))
	return header.Alg
}

// JWT-01: the algorithm is the key's, never the header's to choose (RFC 8725 §3.1).
func TestJWT01_AlgorithmIsTheKeys(t *testing.T) {
	w := newWorld(t)
	k := w.generateKey("RS256").Key
	w.signWith(k.ID).want(http.StatusOK)
	token := w.token()
	parts := strings.Split(token, ".")
	forge := func(algorithm jose.SignatureAlgorithm, key any, kid string) string {
		payload, err := base64.RawURLEncoding.DecodeString(parts[1])
		must(t, err)
		return signedBy(t, algorithm, key, kid, string(payload))
	}
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","kid":"`+k.KID+`"}`)) + "." + parts[1] + "."
	block, _ := pem.Decode([]byte(k.PublicKey))
	for name, forged := range map[string]string{
		"the public key as a secret":         forge(jose.HS256, []byte(k.PublicKey), k.KID),
		"its DER as a secret":                forge(jose.HS256, block.Bytes, k.KID),
		"a stranger's key under its kid":     forge(jose.RS256, stranger, k.KID),
		"another algorithm of a kind":        forge(jose.PS256, stranger, k.KID),
		"no signature":                       none,
		"the provider's kid":                 forge(jose.RS256, stranger, w.published()[0]),
		"a kid that nobody has":              forge(jose.RS256, stranger, "x"),
		"a signature of the other algorithm": strings.Join([]string{strings.Split(forge(jose.RS512, stranger, k.KID), ".")[0], parts[1], parts[2]}, "."),
	} {
		if w.valid(forged) {
			t.Errorf("%s is taken", name)
		}
	}
	if !w.valid(token) {
		t.Error("the true one is not")
	}
}

func TestImportKey(t *testing.T) {
	w := newWorld(t)
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(ec)
	must(t, err)
	sec1, err := x509.MarshalECPrivateKey(ec)
	must(t, err)
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	must(t, err)
	other, err := x509.MarshalPKCS8PrivateKey(p384)
	must(t, err)
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	must(t, err)
	text := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	take := func(path string, key object) answer {
		return w.keyed("POST", "/api/key/import"+path, object{"key": key}.String())
	}

	id := uuid.NewString()
	var k shownKey
	take("/"+id, object{"algorithm": "ES256", "name": "brought", "kid": "of-2025", "privateKey": text("PRIVATE KEY", pkcs8)}).want(http.StatusOK).decode(&k)
	if k.Key.ID != id || k.Key.KID != "of-2025" {
		t.Errorf("%+v", k)
	}
	w.signWith(id).want(http.StatusOK)
	if token := w.token(); keyOf(t, token) != "of-2025" || !w.valid(token) {
		t.Error("the key that was brought does not sign")
	}
	take("", object{"algorithm": "HS256", "name": "a secret", "secret": strings.Repeat("s", 32)}).want(http.StatusOK)
	take("", object{"algorithm": "ES256", "name": "once more", "privateKey": text("EC PRIVATE KEY", sec1)}).want(http.StatusOK)

	for code, key := range map[string]object{
		"[blank]key.name":               {"algorithm": "ES256", "privateKey": text("PRIVATE KEY", pkcs8)},
		"[blank]key.algorithm":          {"name": "x", "privateKey": text("PRIVATE KEY", pkcs8)},
		"[invalid]key.algorithm":        {"name": "x", "algorithm": "none"},
		"[blank]key.privateKey":         {"name": "x", "algorithm": "ES256", "publicKey": "x"},
		"[invalid]key.secret":           {"name": "x", "algorithm": "HS256", "secret": "short"},
		"[invalid]key.kid":              {"name": "x", "algorithm": "HS256", "kid": "a b", "secret": strings.Repeat("s", 32)},
		"[duplicate]key.kid":            {"name": "x", "algorithm": "HS256", "kid": "of-2025", "secret": strings.Repeat("s", 32)},
		"[duplicate]key.name":           {"name": "brought", "algorithm": "HS256", "secret": strings.Repeat("s", 32)},
		"[notSupported]key.certificate": {"name": "x", "algorithm": "ES256", "certificate": "x"},
	} {
		take("", key).wantCode(code)
	}
	for name, key := range map[string]object{
		"no PEM":             {"algorithm": "ES256", "privateKey": "x"},
		"another curve":      {"algorithm": "ES256", "privateKey": text("PRIVATE KEY", other)},
		"another algorithm":  {"algorithm": "RS256", "privateKey": text("PRIVATE KEY", pkcs8)},
		"a small RSA key":    {"algorithm": "RS256", "privateKey": text("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(small))},
		"a damaged key":      {"algorithm": "ES256", "privateKey": text("PRIVATE KEY", pkcs8[:20])},
		"a public key":       {"algorithm": "ES256", "privateKey": text("PUBLIC KEY", pkcs8)},
		"something follows":  {"algorithm": "ES256", "privateKey": text("PRIVATE KEY", pkcs8) + "x"},
		"an EC for an EdDSA": {"algorithm": "EdDSA", "privateKey": text("PRIVATE KEY", pkcs8)},
	} {
		key["name"] = name
		take("", key).wantCode("[invalid]key.privateKey")
	}
}

func TestKeyCalls(t *testing.T) {
	w := newWorld(t)
	k := w.generateKey("ES256").Key
	var list struct{ Keys []struct{ ID, Name string } }
	w.keyed("GET", "/api/key", "").want(http.StatusOK).decode(&list)
	if len(list.Keys) != 1 || list.Keys[0].ID != k.ID {
		t.Errorf("%+v", list)
	}
	if got := w.keyed("PUT", "/api/key/"+k.ID, `{"key":{"name":"another name"}}`).want(http.StatusOK); !strings.Contains(got.body, `"another name"`) {
		t.Error(got.body)
	}
	w.keyed("GET", "/api/key/"+k.ID, "").want(http.StatusOK)
	w.keyed("POST", "/api/key/generate/"+uuid.NewString(), `{"key":{"name":"with an id","algorithm":"ES256"}}`).want(http.StatusOK)
	w.keyed("PUT", "/api/key/"+k.ID, `{"key":{}}`).wantCode("[blank]key.name")
	other := w.generateKey("EdDSA").Key
	w.keyed("PUT", "/api/key/"+other.ID, `{"key":{"name":"another name"}}`).wantCode("[duplicate]key.name")
	w.signWith(k.ID).want(http.StatusOK)
	w.keyed("DELETE", "/api/key/"+k.ID, "").wantCode("[inUse]keyId")
	w.signWith(other.ID).want(http.StatusOK)
	w.keyed("DELETE", "/api/key/"+k.ID, "").want(http.StatusOK)
	w.keyed("GET", "/api/key/"+k.ID, "").wantEmpty(http.StatusNotFound)
	w.keyed("DELETE", "/api/key/"+k.ID, "").wantEmpty(http.StatusNotFound)
	w.keyed("GET", "/api/key/x", "").wantCode("[couldNotConvert]keyId")
	w.signWith(k.ID).wantCode("[invalid]application.jwtConfiguration.accessTokenKeyId")
	w.signWith("x").wantCode("[couldNotConvert]application.jwtConfiguration.accessTokenKeyId")
	w.keyed("POST", "/api/key/generate", `{"key":{"name":"x","algorithm":"RS256","length":1024}}`).wantCode("[invalid]key.length")
	w.keyed("POST", "/api/key/generate/"+other.ID, `{"key":{"name":"x","algorithm":"ES256"}}`).wantCode("[duplicate]keyId")
	w.send("GET", "/api/key", "", "").wantEmpty(http.StatusUnauthorized)

	// A key of one tenant has no say about what signs for all.
	confined := strings.Repeat("c", 40)
	must(t, w.EnsureAPIKey(t.Context(), idp.APIKey{Key: confined, TenantID: w.user.TenantID}))
	for _, call := range [][2]string{{"GET", "/api/key"}, {"GET", "/api/key/" + other.ID}, {"DELETE", "/api/key/" + other.ID}, {"POST", "/api/key/generate"}} {
		w.send(call[0], call[1], "application/json", `{"key":{"name":"x","algorithm":"ES256"}}`, "Authorization", confined).wantEmpty(http.StatusUnauthorized)
	}
}

func FuzzImportKey(f *testing.F) {
	send := fuzzed(f)
	f.Add("ES256", "", "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n")
	f.Add("HS256", strings.Repeat("s", 32), "")
	f.Add("RS256", "", "-----BEGIN RSA PRIVATE KEY-----\nMAA=\n-----END RSA PRIVATE KEY-----\n")
	f.Fuzz(func(t *testing.T, algorithm, secret, private string) {
		body, err := json.Marshal(object{"key": object{"name": uuid.NewString(), "algorithm": algorithm, "secret": secret, "privateKey": private}})
		must(t, err)
		send(t, "POST", "/api/key/import", "application/json", string(body), http.StatusOK, http.StatusBadRequest)
	})
}

func newECKey(t *testing.T) (*ecdsa.PrivateKey, string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(private)
	must(t, err)
	return private, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}
