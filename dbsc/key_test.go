package dbsc_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"math/big"
	"strings"
	"testing"

	"github.com/latchkey-dev/latchkey/dbsc"
)

// The example of RFC 7638 §3.1.
func TestThumbprint_ofTheRFC(t *testing.T) {
	const jwk = `{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"}`
	var k dbsc.Key
	if err := json.Unmarshal([]byte(jwk), &k); err != nil {
		t.Fatal(err)
	}
	thumbprint := k.Thumbprint()
	if got := b64(thumbprint[:]); got != "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs" {
		t.Error(got)
	}
}

func TestKey_forms(t *testing.T) {
	for _, k := range []dbsc.Key{keyOf(p256Key()), keyOf(rsaKey())} {
		stored, err := dbsc.ParseKey(k.Bytes())
		if err != nil || stored != k {
			t.Errorf("bytes of %s: %v", k.Algorithm(), err)
		}
		text, err := json.Marshal(k)
		if err != nil {
			t.Fatal(err)
		}
		var read dbsc.Key
		if err := json.Unmarshal(text, &read); err != nil || read != k {
			t.Errorf("%s: %v", text, err)
		}
	}
	var none dbsc.Key
	if _, err := json.Marshal(none); err == nil || !none.IsZero() || none.Algorithm() != "" {
		t.Error("the zero value is a key")
	}
}

func TestParseKey(t *testing.T) {
	point := keyOf(p256Key()).Bytes()
	off := bytes.Clone(point)
	off[63] ^= 1
	odd := bytes.Repeat([]byte{0xff}, 256)
	even := bytes.Clone(odd)
	even[255] = 0xfe
	for _, c := range []struct {
		why string
		b   []byte
		ok  bool
	}{
		{"a point", point, true},
		{"a modulus of 2048 bits", odd, true},
		{"a modulus of 4096 bits", bytes.Repeat([]byte{0xff}, 512), true},
		{"nothing", nil, false},
		{"not on the curve", off, false},
		{"the point at infinity", make([]byte, 64), false},
		{"a coordinate that is not reduced", bytes.Repeat([]byte{0xff}, 64), false},
		{"a compressed point", point[:33], false},
		{"a modulus of 2047 bits", append([]byte{0x7f}, odd[1:]...), false},
		{"a modulus of 4104 bits", bytes.Repeat([]byte{0xff}, 513), false},
		{"an even modulus", even, false},
		{"a modulus with a leading zero", append([]byte{0}, odd...), false},
	} {
		if _, err := dbsc.ParseKey(c.b); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.why, err)
		}
	}
}

func TestParseJWK(t *testing.T) {
	ec, rs := jwkOf(p256Key()), jwkOf(rsaKey())
	short := `{"crv":"P-256","kty":"EC","x":"` + b64(make([]byte, 31)) + `","y":"` + b64(make([]byte, 32)) + `"}`
	point := keyOf(p256Key()).Bytes()
	for _, c := range []struct {
		why, jwk string
		ok       bool
	}{
		{"EC", ec, true},
		{"RSA", rs, true},
		{"no kty", `{"crv":"P-256"}`, false},
		{"no y", ec[:strings.Index(ec, `,"y"`)] + "}", false},
		{"31 bytes", short, false},
		{"33 and 31 bytes", `{"crv":"P-256","kty":"EC","x":"` + b64(point[:33]) + `","y":"` + b64(point[33:]) + `"}`, false},
		{"padding", strings.Replace(ec, `","y"`, `=","y"`, 1), false},
		{"e is 3", strings.Replace(rs, "AQAB", "Aw", 1), false},
		{"e with a leading zero", strings.Replace(rs, "AQAB", "AAEAAQ", 1), false},
		{"a modulus as long as a point", `{"e":"AQAB","kty":"RSA","n":"` + b64(keyOf(p256Key()).Bytes()) + `"}`, false},
		{"a private exponent", with(rs, `"d":"AQ"`), false},
		{"a prime", with(rs, `"p":"AQ"`), false},
		{"a list", `[` + ec + `]`, false},
		{"null", `null`, false},
	} {
		var k dbsc.Key
		if err := k.UnmarshalJSON([]byte(c.jwk)); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.why, err)
		}
	}
}

func TestKeyOf_refuses(t *testing.T) {
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	short := new(big.Int).SetBytes(keyOf(p256Key()).Bytes())
	for why, public := range map[string]any{
		"another curve":             &p384.PublicKey,
		"another exponent":          &rsa.PublicKey{N: rsaKey().N, E: 3},
		"a modulus that is a point": &rsa.PublicKey{N: short, E: 65537},
		"a private key":             p256Key(),
		"nothing":                   nil,
	} {
		if _, err := dbsc.KeyOf(public); err == nil {
			t.Error(why)
		}
	}
}

func BenchmarkParseKey(b *testing.B) {
	stored := keyOf(p256Key()).Bytes()
	for b.Loop() {
		if _, err := dbsc.ParseKey(stored); err != nil {
			b.Fatal(err)
		}
	}
}
