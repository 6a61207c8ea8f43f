package webhook_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/fusionauth/webhook"
)

// body is an event that ends nothing, so that it needs no session.
var body = []byte(`{"event":{"id":"1","type":"user.login.success","createInstant":1}}`)

// sign makes a signature over claims, with the digest of body if they have none.
func sign(t *testing.T, algorithm jose.SignatureAlgorithm, key any, id string, claims map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: jose.JSONWebKey{Key: key, KeyID: id}}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		t.Fatal(err)
	}
	if claims == nil {
		claims = map[string]any{}
	}
	if _, given := claims["request_body_sha256"]; !given {
		sum := sha256.Sum256(body)
		claims["request_body_sha256"] = base64.StdEncoding.EncodeToString(sum[:])
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	jws, err := signer.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	compact, err := jws.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return compact
}

func receiver(t *testing.T, c webhook.Config) *webhook.Receiver {
	t.Helper()
	c.Apps = []webhook.App{{ApplicationID: "a", Guard: &latchkey.Guard{}}}
	r, err := webhook.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// status is the response to body with a signature.
func status(t *testing.T, rc *webhook.Receiver, signatures ...string) int {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), "POST", "/", strings.NewReader(string(body)))
	r.Header.Set("Content-Type", "application/json;charset=UTF-8")
	for _, s := range signatures {
		r.Header.Add(webhook.SignatureHeader, s)
	}
	w := httptest.NewRecorder()
	rc.ServeHTTP(w, r)
	return w.Code
}

func pemOf(t *testing.T, public crypto.PublicKey) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

func ecKey(t *testing.T, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func rsaKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// JWT-01: every algorithm that FusionAuth's Key Master has verifies with its right key, and no
// signature with any other.
func TestJWT01_EveryAlgorithm(t *testing.T) {
	r, p256, p384, p521 := rsaKey(t), ecKey(t, elliptic.P256()), ecKey(t, elliptic.P384()), ecKey(t, elliptic.P521())
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	long := []byte(rand.Text() + rand.Text() + rand.Text())
	hmac := webhook.Config{Secrets: []latchkey.Secret{latchkey.Secret(rand.Text() + rand.Text()), latchkey.Secret(long)}}
	public := func(k crypto.Signer) webhook.Config { return webhook.Config{PublicKey: pemOf(t, k.Public())} }
	cases := []struct {
		algorithm jose.SignatureAlgorithm
		key       any
		config    webhook.Config
	}{
		{jose.HS256, long, hmac}, {jose.HS384, long, hmac}, {jose.HS512, long, hmac},
		{jose.RS256, r, public(r)}, {jose.RS384, r, public(r)}, {jose.RS512, r, public(r)}, {jose.PS256, r, public(r)}, {jose.PS384, r, public(r)}, {jose.PS512, r, public(r)},
		{jose.ES256, p256, public(p256)}, {jose.ES384, p384, public(p384)}, {jose.ES512, p521, public(p521)}, {jose.EdDSA, ed, public(ed)},
	}
	for _, signer := range cases {
		signature := sign(t, signer.algorithm, signer.key, "k", nil)
		for _, checker := range cases {
			want := 401
			if checker.config.PublicKey == signer.config.PublicKey {
				want = 200
			}
			if got := status(t, receiver(t, checker.config), signature); got != want {
				t.Errorf("%s, checked with the key of %s: %d, want %d", signer.algorithm, checker.algorithm, got, want)
			}
		}
	}
	all := ""
	for _, c := range cases {
		all += c.config.PublicKey
	}
	if got := status(t, receiver(t, webhook.Config{PublicKey: all}), sign(t, jose.EdDSA, ed, "", nil)); got != 200 {
		t.Errorf("several keys: %d", got)
	}
	// The classic attack: a published key, used as an HMAC secret.
	confused := sign(t, jose.HS256, []byte(pemOf(t, r.Public())), "k", nil)
	if got := status(t, receiver(t, public(r)), confused); got != 401 {
		t.Errorf("HS256 with the public key: %d", got)
	}
	if got := status(t, receiver(t, webhook.Config{Secrets: []latchkey.Secret{latchkey.Secret(pemOf(t, r.Public()))}}), sign(t, jose.RS256, r, "k", nil)); got != 401 {
		t.Errorf("RS256 where HMAC is wanted: %d", got)
	}
}

func TestSignatures(t *testing.T) {
	now := time.Now()
	rc := receiver(t, webhook.Config{Secrets: []latchkey.Secret{secret}, Now: func() time.Time { return now }})
	key := []byte(secret)
	with := func(claims map[string]any) string { return sign(t, jose.HS256, key, "k", claims) }
	good := with(nil)
	header, rest, _ := strings.Cut(good, ".")
	payload, mac, _ := strings.Cut(rest, ".")
	encode := base64.RawURLEncoding.EncodeToString
	at := func(d time.Duration) int64 { return now.Add(d).Unix() }
	for _, c := range []struct {
		name       string
		signatures []string
		want       int
	}{
		{"good", []string{good}, 200},
		{"none", nil, 401},
		{"empty", []string{""}, 401},
		{"two", []string{good, good}, 401},
		{"no JWT", []string{"x"}, 401},
		{"alg none", []string{encode([]byte(`{"alg":"none"}`)) + "." + payload + "."}, 401},
		{"alg None", []string{encode([]byte(`{"alg":"None"}`)) + "." + payload + "." + mac}, 401},
		{"no mac", []string{header + "." + payload + "."}, 401},
		{"another mac", []string{header + "." + payload + "." + encode(make([]byte, 32))}, 401},
		{"another key", []string{sign(t, jose.HS256, []byte(rand.Text()+rand.Text()), "k", nil)}, 401},
		{"another payload", []string{header + "." + encode([]byte(`{"request_body_sha256":""}`)) + "." + mac}, 401},
		{"JSON serialization", []string{`{"payload":"` + payload + `","protected":"` + header + `","signature":"` + mac + `"}`}, 401},
		{"embedded key", []string{encode([]byte(`{"alg":"HS256","jwk":{"kty":"oct","k":"AAAA"}}`)) + "." + payload + "." + mac}, 401},
		{"unknown crit", []string{encode([]byte(`{"alg":"HS256","crit":["x"],"x":1}`)) + "." + payload + "." + mac}, 401},
		{"a kid that is a path", []string{sign(t, jose.HS256, key, "../../dev/null", nil)}, 200}, // one secret needs no id
		{"long", []string{good + strings.Repeat("A", 9000)}, 401},
		{"another body's digest", []string{with(map[string]any{"request_body_sha256": base64.StdEncoding.EncodeToString(make([]byte, 32))})}, 401},
		{"base64url", []string{with(map[string]any{"request_body_sha256": strings.Repeat("_", 43) + "="})}, 401},
		{"hex", []string{with(map[string]any{"request_body_sha256": strings.Repeat("00", 32)})}, 401},
		{"a digest that is no text", []string{with(map[string]any{"request_body_sha256": 5})}, 401},
		{"an access token", []string{with(map[string]any{"request_body_sha256": "", "sub": "u", "exp": at(time.Hour)})}, 401},
		{"with times", []string{with(map[string]any{"exp": at(time.Minute), "nbf": at(0), "iat": at(0)})}, 200},
		{"expired", []string{with(map[string]any{"exp": at(-2 * time.Minute)})}, 401},
		{"not yet", []string{with(map[string]any{"nbf": at(2 * time.Minute)})}, 401},
		{"old", []string{with(map[string]any{"iat": at(-2 * time.Hour)})}, 401},
		{"of the future", []string{with(map[string]any{"iat": at(time.Hour)})}, 401},
		{"a time that is no number", []string{with(map[string]any{"exp": "soon"})}, 401},
	} {
		if got := status(t, rc, c.signatures...); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

// A secret that is too short for its algorithm is reported to the operator.
func TestSecretTooShortForTheAlgorithm(t *testing.T) {
	rc := receiver(t, webhook.Config{Secrets: []latchkey.Secret{latchkey.Secret(strings.Repeat("x", 32))}})
	if got := status(t, rc, sign(t, jose.HS512, []byte(strings.Repeat("x", 64)), "k", nil)); got != 401 {
		t.Errorf("status %d", got)
	}
}

// A keyServer publishes keys, or fails.
type keyServer struct {
	keys   []jose.JSONWebKey
	text   string // instead of keys
	status int
	asked  atomic.Int64
}

func (s *keyServer) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	s.asked.Add(1)
	if s.status != 0 {
		w.WriteHeader(s.status)
		return
	}
	if s.text != "" {
		io.WriteString(w, s.text)
		return
	}
	json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: s.keys})
}

// JWT-11: keys are fetched when they are needed, at most once a minute, and the last good ones
// stay.
func TestJWT11_PublishedKeys(t *testing.T) {
	one, two := ecKey(t, elliptic.P256()), rsaKey(t)
	server := &keyServer{status: 503}
	listener := httptest.NewServer(server)
	defer listener.Close()
	now := time.Now()
	rc := receiver(t, webhook.Config{KeySetURL: listener.URL, Now: func() time.Time { return now }})
	first, second := sign(t, jose.ES256, one, "one", nil), sign(t, jose.RS256, two, "two", nil)
	want := func(what string, signature string, status_, asked int) {
		t.Helper()
		if got := status(t, rc, signature); got != status_ || int(server.asked.Load()) != asked {
			t.Errorf("%s: %d, want %d; asked %d times, want %d", what, got, status_, server.asked.Load(), asked)
		}
	}
	want("server down", first, 503, 1)
	server.status, server.keys = 0, []jose.JSONWebKey{{Key: one.Public(), KeyID: "one", Algorithm: "ES256", Use: "sig"}}
	want("not asked again within a minute", first, 503, 1)
	now = now.Add(time.Minute)
	want("known", first, 200, 2)
	for range 10 {
		want("a key that is not there", second, 401, 2)
	}
	server.keys = append(server.keys, jose.JSONWebKey{Key: two.Public(), KeyID: "two", Algorithm: "RS256"})
	now = now.Add(time.Minute)
	want("a new key", second, 200, 3)
	want("signed by another than its kid says", sign(t, jose.ES256, ecKey(t, elliptic.P256()), "one", nil), 401, 3)
	want("the right key, and an algorithm that it is not for", sign(t, jose.PS256, two, "two", nil), 401, 3)
	want("without a kid", sign(t, jose.RS256, two, "", nil), 401, 3)
	server.status = 500
	now = now.Add(time.Hour)
	want("server down, old keys", first, 200, 4)
	want("server down, unknown key: it may be new", sign(t, jose.RS256, two, "three", nil), 503, 4)
	server.status, server.keys = 0, server.keys[:1]
	now = now.Add(time.Minute)
	want("still published", first, 200, 5)
	want("withdrawn", second, 401, 5)

	for _, text := range []string{
		"<h1>x</h1>", `{}`, `{"keys":5}`, `{"keys":[` + strings.Repeat(`{},`, 200) + `{}]}`,
	} {
		server.text = text
		rc := receiver(t, webhook.Config{KeySetURL: listener.URL})
		if got := status(t, rc, first); got != 503 {
			t.Errorf("%.40s: %d", text, got)
		}
	}
	server.text, server.keys = "", []jose.JSONWebKey{{Key: one.Public(), KeyID: "one"}, {Key: two.Public(), KeyID: "one"}}
	if got := status(t, receiver(t, webhook.Config{KeySetURL: listener.URL}), first); got != 503 {
		t.Errorf("two keys of one id: %d", got)
	}
	server.keys = []jose.JSONWebKey{{Key: one.Public(), KeyID: "one", Use: "enc"}}
	if got := status(t, receiver(t, webhook.Config{KeySetURL: listener.URL}), first); got != 401 {
		t.Errorf("a key for encryption: %d", got)
	}
}

// A caller who goes away while the keys are fetched does not spoil them for the next.
func TestPublishedKeysOutliveTheCaller(t *testing.T) {
	one := ecKey(t, elliptic.P256())
	listener := httptest.NewServer(&keyServer{keys: []jose.JSONWebKey{{Key: one.Public(), KeyID: "one"}}})
	defer listener.Close()
	rc := receiver(t, webhook.Config{KeySetURL: listener.URL})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := httptest.NewRequestWithContext(ctx, "POST", "/", strings.NewReader(string(body)))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set(webhook.SignatureHeader, sign(t, jose.ES256, one, "one", nil))
	rc.ServeHTTP(httptest.NewRecorder(), r)
	if got := status(t, rc, sign(t, jose.ES256, one, "one", nil)); got != 200 {
		t.Errorf("status %d", got)
	}
}

// A signature has one spelling: what a lenient decoder would also accept is refused.
func TestSignaturesHaveOneSpelling(t *testing.T) {
	key := ecKey(t, elliptic.P256())
	rc := receiver(t, webhook.Config{PublicKey: pemOf(t, key.Public())})
	good := sign(t, jose.ES256, key, "", nil)
	if code := status(t, rc, good); code != http.StatusOK {
		t.Fatalf("the true one: %d", code)
	}
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := len(good) - 1
	for name, text := range map[string]string{
		"a line feed":                 good[:8] + "\n" + good[8:],
		"a carriage return behind it": good + "\r",
		"padding":                     good + "==",
		"bits that count for nothing": good[:last] + string(letters[strings.IndexByte(letters, good[last])|1]),
		"a fourth segment":            good + ".",
	} {
		if code := status(t, rc, text); code != http.StatusUnauthorized {
			t.Errorf("%s: %d", name, code)
		}
	}
}
