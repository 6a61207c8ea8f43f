package dbsc_test

import (
	"encoding/json"
	"net/http"
	"reflect"
	"testing"

	"github.com/latchkey-dev/latchkey/dbsc"
)

// FuzzRegistration: nobody but the browser signs, so what verifies is its registration.
func FuzzRegistration(f *testing.F) {
	f.Add(chromiumRegistration)
	f.Add(chromiumProof)
	f.Add("..")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := dbsc.ParseRegistration(text, dbsc.ES256, dbsc.RS256)
		if err != nil {
			return
		}
		if k, err := dbsc.ParseKey(r.Key.Bytes()); err != nil || k != r.Key || r.Challenge == "" {
			t.Errorf("%q: %v", text, err)
		}
		if r.Verify() == nil && text != chromiumRegistration {
			t.Errorf("%q is verified", text)
		}
	})
}

// FuzzProof: nobody has the key, so nothing but the proof of the browser verifies.
func FuzzProof(f *testing.F) {
	r, err := dbsc.ParseRegistration(chromiumRegistration)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(chromiumProof)
	f.Add(chromiumRegistration)
	f.Fuzz(func(t *testing.T, text string) {
		p, err := dbsc.ParseProof(text)
		if err == nil && p.Verify(r.Key) == nil && text != chromiumProof {
			t.Errorf("%q is verified", text)
		}
	})
}

// FuzzHeaders: what is parsed can be written, and is then parsed as the same.
func FuzzHeaders(f *testing.F) {
	for _, text := range []string{
		`(ES256 RS256);path="/r";challenge="c";authorization="a"`, `"c1";id="s1", "c2";id="s2"`,
		`quota_exceeded;session_identifier="s1"`, `"a\"b\\";x=1.5;y=?0;z=:YQ==:;t=*tok`, `a b"c\d~!`,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if offers, err := dbsc.ParseOffers(headers(dbsc.HeaderRegistration, text)); err == nil {
			checkWritten(t, offers, dbsc.ParseOffers)
		}
		if challenges, err := dbsc.ParseChallenges(headers(dbsc.HeaderChallenge, text)); err == nil {
			checkWritten(t, challenges, dbsc.ParseChallenges)
		}
		if skipped, err := dbsc.ParseSkipped(headers(dbsc.HeaderSkipped, text)); err == nil {
			checkWritten(t, skipped, dbsc.ParseSkipped)
		}
		dbsc.SessionID(headers(dbsc.HeaderSessionID, text))
	})
}

// checkWritten skips what a browser may ignore and a server does not write.
func checkWritten[T interface{ AddTo(http.Header) error }](t *testing.T, parsed []T, parse func(http.Header) ([]T, error)) {
	h := make(http.Header)
	for _, one := range parsed {
		if one.AddTo(h) != nil {
			return
		}
	}
	if again, err := parse(h); err != nil || !reflect.DeepEqual(again, parsed) {
		t.Errorf("%+v is written as %q and read as %+v, %v", parsed, h, again, err)
	}
}

// FuzzJWK: a key has one JWK, and it is read as the same key.
func FuzzJWK(f *testing.F) {
	f.Add([]byte(jwkOf(p256Key())))
	f.Add([]byte(jwkOf(rsaKey())))
	f.Fuzz(func(t *testing.T, text []byte) {
		var k, again dbsc.Key
		if k.UnmarshalJSON(text) != nil {
			return
		}
		canonical, err := json.Marshal(k)
		if err != nil || again.UnmarshalJSON(canonical) != nil || again != k {
			t.Errorf("%s is written as %s, %v", text, canonical, err)
		}
	})
}

// FuzzInstructions: what is valid is written, and read as the same.
func FuzzInstructions(f *testing.F) {
	f.Add([]byte(`{"session_identifier":"s","refresh_url":"/r","scope":{"include_site":true,"origin":"https://a.example","scope_specification":[{"type":"exclude","domain":"*","path":"/"}]},"credentials":[{"type":"cookie","name":"__Host-b","attributes":"Path=/; Secure"}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var i, again dbsc.Instructions
		if json.Unmarshal(text, &i) != nil || i.Validate() != nil {
			return
		}
		written, err := json.Marshal(i)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(written, &again); err != nil || again.Validate() != nil {
			t.Errorf("%s, %v", written, err)
		}
	})
}
