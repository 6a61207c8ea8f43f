package dbsc_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/latchkey-dev/latchkey/dbsc"
)

var p256Key = sync.OnceValue(func() *ecdsa.PrivateKey {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return k
})

var rsaKey = sync.OnceValue(func() *rsa.PrivateKey { return newRSA(2048) })

func newRSA(bits int) *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		panic(err)
	}
	return k
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// sign makes a JWT of any header and payload, with a good signature.
func sign(k crypto.Signer, header, payload string) string {
	signed := b64([]byte(header)) + "." + b64([]byte(payload))
	digest := sha256.Sum256([]byte(signed))
	if k, isEC := k.(*ecdsa.PrivateKey); isEC {
		r, s, err := ecdsa.Sign(rand.Reader, k, digest[:])
		if err != nil {
			panic(err)
		}
		return signed + "." + b64(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...))
	}
	signature, err := k.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		panic(err)
	}
	return signed + "." + b64(signature)
}

func keyOf(k crypto.Signer) dbsc.Key {
	key, err := dbsc.KeyOf(k.Public())
	if err != nil {
		panic(err)
	}
	return key
}

func jwkOf(k crypto.Signer) string {
	text, err := json.Marshal(keyOf(k))
	if err != nil {
		panic(err)
	}
	return string(text)
}

// TestProof: a JWT with a good signature, whose one member is changed.
func TestProof(t *testing.T) {
	const good, payload = `{"alg":"ES256","typ":"dbsc+jwt"}`, `{"jti":"c"}`
	for _, c := range []struct {
		why, header, payload string
		ok                   bool
	}{
		{"as Chromium writes it", good, payload, true},
		{"unknown members are ignored", `{"alg":"ES256","typ":"dbsc+jwt","new":{"a":1}}`, `{"jti":"c","new":[1e999]}`, true},
		{"an audience", good, `{"jti":"c","aud":"https://app.example.com/r"}`, true},
		{"a list of audiences", good, `{"jti":"c","aud":["https://app.example.com/r","x"]}`, true},
		{"an escaped name is the same name", good, `{"\u006ati":"c"}`, true},
		{"the key of a refresh is the stored one", `{"alg":"ES256","typ":"dbsc+jwt","jwk":` + jwkOf(p256Key()) + `}`, payload, false},
		{"no other key source: kid", `{"alg":"ES256","typ":"dbsc+jwt","kid":"1"}`, payload, false},
		{"no other key source: jku", `{"alg":"ES256","typ":"dbsc+jwt","jku":"https://x"}`, payload, false},
		{"no other key source: x5u", `{"alg":"ES256","typ":"dbsc+jwt","x5u":"https://x"}`, payload, false},
		{"no other key source: x5c", `{"alg":"ES256","typ":"dbsc+jwt","x5c":[]}`, payload, false},
		{"no other key source: x5t#S256", `{"alg":"ES256","typ":"dbsc+jwt","x5t#S256":"x"}`, payload, false},
		{"crit asks for what we do not know", `{"alg":"ES256","typ":"dbsc+jwt","crit":["b64"],"b64":false}`, payload, false},
		{"an empty crit is not allowed either", `{"alg":"ES256","typ":"dbsc+jwt","crit":[]}`, payload, false},
		{"a JWT for something else", `{"alg":"ES256","typ":"JWT"}`, payload, false},
		{"typ of older browsers", `{"alg":"ES256","typ":"jwt"}`, payload, false},
		{"typ is compared exactly", `{"alg":"ES256","typ":"DBSC+JWT"}`, payload, false},
		{"no typ", `{"alg":"ES256"}`, payload, false},
		{"typ is null", `{"alg":"ES256","typ":null}`, payload, false},
		{"alg none", `{"alg":"none","typ":"dbsc+jwt"}`, payload, false},
		{"another algorithm of EC keys", `{"alg":"ES384","typ":"dbsc+jwt"}`, payload, false},
		{"alg is compared exactly", `{"alg":"es256","typ":"dbsc+jwt"}`, payload, false},
		{"no alg", `{"typ":"dbsc+jwt"}`, payload, false},
		{"names count in their case", `{"ALG":"ES256","typ":"dbsc+jwt"}`, payload, false},
		{"alg is not a string", `{"alg":["ES256"],"typ":"dbsc+jwt"}`, payload, false},
		{"the algorithm is not the key's", `{"alg":"RS256","typ":"dbsc+jwt"}`, payload, false},
		{"alg twice", `{"alg":"ES256","alg":"ES256","typ":"dbsc+jwt"}`, payload, false},
		{"alg twice, once escaped", `{"alg":"ES256","\u0061lg":"none","typ":"dbsc+jwt"}`, payload, false},
		{"a nested name twice", `{"alg":"ES256","typ":"dbsc+jwt","new":[{"a":1,"a":2}]}`, payload, false},
		{"a name twice behind a number out of range", good, `{"n":1e999,"jti":"c","jti":"d"}`, false},
		{"jti twice", good, `{"jti":"c","jti":"d"}`, false},
		{"no jti", good, `{}`, false},
		{"an empty jti", good, `{"jti":""}`, false},
		{"jti is a number", good, `{"jti":1}`, false},
		{"jti is null", good, `{"jti":null}`, false},
		{"names of claims count in their case", good, `{"JTI":"c"}`, false},
		{"authorization is not a string", good, `{"jti":"c","authorization":1}`, false},
		{"aud is a number", good, `{"jti":"c","aud":1}`, false},
		{"aud is null", good, `{"jti":"c","aud":null}`, false},
		{"aud is an empty list", good, `{"jti":"c","aud":[]}`, false},
		{"aud has a null", good, `{"jti":"c","aud":[null]}`, false},
		{"the header is not an object", `["ES256"]`, payload, false},
		{"the header is null", `null`, payload, false},
		{"the header is not JSON", `{"alg":"ES256","typ":"dbsc+jwt",}`, payload, false},
		{"something behind the header", good + `{}`, payload, false},
		{"the payload is not an object", good, `"c"`, false},
		{"not UTF-8", good, "{\"jti\":\"c\xff\"}", false},
		{"too long", good, `{"jti":"c","pad":"` + strings.Repeat("a", dbsc.MaxSize) + `"}`, false},
	} {
		p, err := dbsc.ParseProof(sign(p256Key(), c.header, c.payload))
		if err == nil {
			err = p.Verify(keyOf(p256Key()))
		}
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", c.why, err)
		}
		if err == nil && p.Challenge != "c" {
			t.Errorf("%s: challenge %q", c.why, p.Challenge)
		}
	}
}

func TestRegistration(t *testing.T) {
	k, other := p256Key(), newP256()
	jwk := jwkOf(k)
	header := func(jwk string) string { return `{"alg":"ES256","jwk":` + jwk + `,"typ":"dbsc+jwt"}` }
	for _, c := range []struct {
		why, header string
		ok          bool
	}{
		{"as Chromium writes it", header(jwk), true},
		{"unknown members of the key are ignored", header(with(jwk, `"key_ops":["verify"]`)), true},
		{"no key", `{"alg":"ES256","typ":"dbsc+jwt"}`, false},
		{"the key is a string", header(`"` + b64([]byte(jwk)) + `"`), false},
		{"the key is null", header(`null`), false},
		{"the key of somebody else", header(jwkOf(other)), false},
		{"a private member", header(with(jwk, `"d":"AQ"`)), false},
		{"a secret of another type", header(with(jwk, `"k":"AQ"`)), false},
		{"a certificate in the key", header(with(jwk, `"x5c":["MII"]`)), false},
		{"a member of the key twice", header(with(jwk, `"x":"AQ"`)), false},
		{"a key for something else", header(strings.Replace(jwk, "P-256", "P-384", 1)), false},
		{"a type for something else", header(strings.Replace(jwk, `"EC"`, `"OKP"`, 1)), false},
		{"an RSA key for ES256", header(jwkOf(rsaKey())), false},
		{"RS256 was not offered", `{"alg":"RS256","jwk":` + jwkOf(rsaKey()) + `,"typ":"dbsc+jwt"}`, false},
		{"two ways to find a key", `{"alg":"ES256","kid":"1","jwk":` + jwk + `,"typ":"dbsc+jwt"}`, false},
	} {
		r, err := dbsc.ParseRegistration(sign(k, c.header, `{"jti":"c","authorization":"a"}`))
		if err == nil {
			err = r.Verify()
		}
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", c.why, err)
		}
		if err == nil && (r.Key != keyOf(k) || r.Challenge != "c" || r.Authorization != "a") {
			t.Errorf("%s: %+v", c.why, r)
		}
	}
}

func newP256() *ecdsa.PrivateKey {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return k
}

// with adds a member to a JSON object.
func with(object, member string) string { return strings.TrimSuffix(object, "}") + "," + member + "}" }

func TestRS256(t *testing.T) {
	k := rsaKey()
	text := sign(k, `{"alg":"RS256","jwk":`+jwkOf(k)+`,"typ":"dbsc+jwt"}`, `{"jti":"c"}`)
	r, err := dbsc.ParseRegistration(text, dbsc.ES256, dbsc.RS256)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Verify(); err != nil || r.Key != keyOf(k) || r.Key.Algorithm() != dbsc.RS256 || len(r.Key.Bytes()) != 256 {
		t.Errorf("%v, %s", err, r.Key.Algorithm())
	}
	p, err := dbsc.ParseProof(sign(k, `{"alg":"RS256","typ":"dbsc+jwt"}`, `{"jti":"c"}`))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Verify(r.Key); err != nil {
		t.Error(err)
	}
	if p.Verify(keyOf(p256Key())) == nil || p.Verify(keyOf(newRSA(2048))) == nil || p.Verify(dbsc.Key{}) == nil {
		t.Error("verified by another key")
	}
	if _, err := dbsc.ParseRegistration(text, dbsc.ES256); err == nil {
		t.Error("RS256 was not offered")
	}
}

// TestSpelling changes how a good JWT is written, and not what it says.
func TestSpelling(t *testing.T) {
	text := ""
	for !strings.ContainsAny(text, "-_") {
		text = sign(p256Key(), `{"alg":"ES256","typ":"dbsc+jwt"}`, `{"jti":"c"}`)
	}
	parts := strings.Split(text, ".")
	for why, changed := range map[string]string{
		"empty":               "",
		"two segments":        parts[0] + "." + parts[1],
		"four segments":       text + ".",
		"no signature":        parts[0] + "." + parts[1] + ".",
		"no header":           "." + parts[1] + "." + parts[2],
		"no payload":          parts[0] + ".." + parts[2],
		"padding":             text + "==",
		"white space":         " " + text,
		"a line break":        text + "\n",
		"a line break inside": text[:10] + "\r\n" + text[10:],
		"standard base64":     strings.NewReplacer("-", "+", "_", "/").Replace(text),
		"bits behind the end": text[:len(text)-1] + string(nextInAlphabet(text[len(text)-1])),
		"quotes":              `"` + text + `"`,
	} {
		if _, err := dbsc.ParseProof(changed); err == nil {
			t.Error(why)
		}
	}
}

func TestSignature(t *testing.T) {
	text := sign(p256Key(), `{"alg":"ES256","typ":"dbsc+jwt"}`, `{"jti":"c"}`)
	parts := strings.Split(text, ".")
	signed := parts[0] + "." + parts[1]
	digest := sha256.Sum256([]byte(signed))
	der, err := p256Key().Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		why, signed string
		signature   []byte
		ok          bool
	}{
		{"r and s", signed, raw, true},
		{"in DER", signed, der, false},
		{"a byte less", signed, raw[:63], false},
		{"a byte more", signed, append(raw[:64:64], 0), false},
		{"s and r", signed, append(raw[32:64:64], raw[:32]...), false},
		{"one byte", signed, raw[:1], false},
		{"a zero before s", signed, slices.Insert(slices.Clone(raw), 32, 0), false},
		{"zeros", signed, make([]byte, 64), false},
		{"of another payload", parts[0] + "." + b64([]byte(`{"jti":"d"}`)), raw, false},
	} {
		p, err := dbsc.ParseProof(c.signed + "." + b64(c.signature))
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Verify(keyOf(p256Key())); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.why, err)
		}
	}
}

// nextInAlphabet returns a last character that a lenient decoder takes for the same byte.
func nextInAlphabet(c byte) byte {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return alphabet[strings.IndexByte(alphabet, c)+1]
}

func TestCheckAudience(t *testing.T) {
	const target = "https://app.example.com/api/dbsc/refresh"
	for _, c := range []struct {
		why      string
		audience []string
		ok       bool
	}{
		{"none: the browser does not send it", nil, true},
		{"the URL", []string{target}, true},
		{"one of two", []string{"https://other.example.com/", target}, true},
		{"the default port", []string{"https://app.example.com:443/api/dbsc/refresh"}, true},
		{"the host in capitals", []string{"https://APP.example.com/api/dbsc/refresh"}, true},
		{"another port", []string{"https://app.example.com:8443/api/dbsc/refresh"}, false},
		{"another path", []string{"https://app.example.com/api/dbsc/register"}, false},
		{"another host", []string{"https://app.example.net/api/dbsc/refresh"}, false},
		{"another scheme", []string{"http://app.example.com/api/dbsc/refresh"}, false},
		{"the origin only", []string{"https://app.example.com"}, false},
		{"a query", []string{target + "?a=b"}, false},
		{"a user", []string{"https://app.example.com@app.example.com/api/dbsc/refresh"}, false},
		{"a path", []string{"/api/dbsc/refresh"}, false},
		{"empty", []string{""}, false},
	} {
		if err := (dbsc.Claims{Audience: c.audience}).CheckAudience(target); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.why, err)
		}
	}
}

func BenchmarkParseProof(b *testing.B) {
	for b.Loop() {
		if _, err := dbsc.ParseProof(chromiumProof); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerifyProof(b *testing.B) {
	r, err := dbsc.ParseRegistration(chromiumRegistration)
	if err != nil {
		b.Fatal(err)
	}
	p, err := dbsc.ParseProof(chromiumProof)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := p.Verify(r.Key); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseRegistration(b *testing.B) {
	for b.Loop() {
		if _, err := dbsc.ParseRegistration(chromiumRegistration); err != nil {
			b.Fatal(err)
		}
	}
}
