package fusionauth

import (
	"encoding/base64"
	"strings"
	"testing"
)

func jwt(payload string) string {
	return "e30." + base64.RawURLEncoding.EncodeToString([]byte(payload)) + ".c2ln"
}

func TestJWT04_Claims(t *testing.T) {
	for payload, want := range map[string]bool{
		`{"sub":"u","exp":1900000000,"aud":"a"}`:                    true,
		`{"sub":"u","exp":1900000000,"aud":["a","b"],"roles":null}`: true,
		`{"sub":"","exp":1900000000}`:                               false,
		`{"sub":"u"}`:                                               false,
		`{"sub":"u","exp":"1900000000"}`:                            false,
		`{"sub":"u","exp":1e300}`:                                   false,
		`{"sub":"u","exp":-5}`:                                      false,
		`{"sub":"u","exp":9007199254740993}`:                        false,
		`{"sub":"u","exp":1900000000,"aud":{}}`:                     false,
		`[]`:                                                        false,
		``:                                                          false,
	} {
		if _, err := parseClaims(jwt(payload)); (err == nil) != want {
			t.Errorf("%s: %v", payload, err)
		}
	}
	good := jwt(`{"sub":"u","exp":1900000000}`)
	for _, token := range []string{good + "\n", good[:8] + "\n" + good[8:], good + ".", good + "=", good[:len(good)-4] + "AR", "", ".", "..", "a.b", "a.b.c.d", "e30.!!!.x", jwt(strings.Repeat(" ", 9000) + `{"sub":"u","exp":1}`)} {
		if _, err := parseClaims(token); err == nil {
			t.Errorf("%.40q was read", token)
		}
	}
}

func FuzzParseClaims(f *testing.F) {
	f.Add(jwt(`{"sub":"u","exp":1900000000,"aud":["a"]}`))
	f.Add("..")
	f.Fuzz(func(t *testing.T, token string) {
		c, err := parseClaims(token)
		if err == nil && (c.Subject == "" || c.ExpiresAt <= 0) {
			t.Errorf("%q: %+v", token, c)
		}
	})
}
