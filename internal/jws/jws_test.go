package jws_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/latchkey-dev/latchkey/internal/jws"
)

func TestCanonical(t *testing.T) {
	for text, want := range map[string]bool{
		"eyJh.eyJi.AQ": true, "eyJh.eyJi.": true, "..": true,
		"": false, "eyJh.eyJi": false, "eyJh.eyJi.AQ.": false, "eyJh.eyJi.AQ.AQ": false,
		"eyJh.eyJi.AR": false, "eyJh.eyJi.AQ==": false, "eyJh.eyJi.A": false, "eyJh.eyJi.+/": false,
		"eyJh.ey\nJi.AQ": false, "eyJh.eyJi.AQ\r": false, "eyJh.eyJi.AQ\n": false, " eyJh.eyJi.AQ": false, "eyJh. eyJi.AQ": false, "eyJh.eyJi\t.AQ": false,
	} {
		if got := jws.Canonical(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

// FuzzCanonical: a text is canonical if, and only if, encoding what it decodes to gives the same
// text.
func FuzzCanonical(f *testing.F) {
	f.Add("eyJh.eyJi.AQ")
	f.Add("eyJh.eyJi.AR\n")
	f.Fuzz(func(t *testing.T, text string) {
		segments := strings.Split(text, ".")
		same := len(segments) == 3
		for _, s := range segments {
			raw, err := base64.RawURLEncoding.DecodeString(s)
			same = same && err == nil && base64.RawURLEncoding.EncodeToString(raw) == s
		}
		if jws.Canonical(text) != same {
			t.Errorf("%q: %v", text, !same)
		}
	})
}
