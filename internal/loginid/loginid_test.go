package loginid_test

import (
	"testing"

	"github.com/latchkey-dev/latchkey/internal/loginid"
)

func TestCanonical(t *testing.T) {
	for _, same := range [][]string{
		{"victim@example.com", "VICTIM@example.com", "v\u0130ctim@example.com", "victim@\u24d4xample.com", "ｖictim@example.com", "  victim@example.com\n", "\u3000victim@example.com\u00a0", "\u2003\tvictim@example.com\u0085"},
		{"stra\u00dfe", "STRASSE", "strasse "},
		{"caf\u00e9", "cafe\u0301", "CAFE\u0301"},
		{"", " ", "\n"},
	} {
		for _, s := range same {
			if got, want := loginid.Canonical(s), loginid.Canonical(same[0]); got != want {
				t.Errorf("%q is %q, want %q", s, got, want)
			}
		}
	}
	for _, other := range []string{"victim@example.org", "vic tim@example.com", "v\u0131ctim@example.com", "victim@example.com\u200b"} {
		if loginid.Canonical(other) == loginid.Canonical("victim@example.com") {
			t.Errorf("%q is the victim", other)
		}
	}
}

// FuzzCanonical: surrounding white space and capitals never make a different login id.
func FuzzCanonical(f *testing.F) {
	for _, s := range []string{"ada@example.com", "\u0130", "\u00a8x", "\xff ", "\u1e9e\u0345"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		want := loginid.Canonical(s)
		for _, same := range []string{" " + s, s + "\u3000", loginid.Trim(s)} {
			if got := loginid.Canonical(same); got != want {
				t.Errorf("%q is %q, want %q", same, got, want)
			}
		}
	})
}
