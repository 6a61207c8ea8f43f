package latchkey

import (
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// asProvider is how the embedded provider compares login ids.
func asProvider(s string) string {
	return norm.NFKC.String(cases.Fold().String(norm.NFKC.String(strings.ToLower(s))))
}

// Whatever is one account for the provider is one for the throttle: each character that is not ambiguous stands for itself, in its case, and is joined with none before it.
func TestSpellingsOfOneAccount(t *testing.T) {
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if 0xd800 <= r && r <= 0xdfff {
			continue
		}
		s := string(r)
		counted, found := guessedAs(s), asProvider(s)
		if strings.Contains(counted, "\x00") && r != 0 {
			continue
		}
		if guessedAs(found) != counted || !norm.NFKC.PropertiesString(found).BoundaryBefore() {
			t.Errorf("%U %q: the provider finds %q", r, s, found)
		}
	}
	for _, s := range []string{"ada@example.com", "jürgen@example.com", "łukasz@example.com", "юлия@example.com", "美咲@example.com", "ヤマダ@example.com", "김@example.com"} {
		if got := guessedAs(s); strings.Contains(got, "\x00") {
			t.Errorf("%s is ambiguous", s)
		}
	}
}

func TestGuessedAs(t *testing.T) {
	for spelling, want := range map[string]string{
		"ada@example.com": "ada@example.com", "ADA@Example.com": "ada@example.com", "ａｄＡ＠example．com": "ada@example.com",
		"𝐚da@example.com": "\x00@example.com", "ⓐda@example.com": "\x00@example.com", "ada@ℯxample.com": "ada@\x00", "𝐚da﹫example.com": "\x00",
		"jürgen@example.com": "JÜRGEN@example.com", "ju\u0308rgen@example.com": "\x00@example.com", "groß@example.com": "\x00@example.com", "ſ@example.com": "s@example.com",
	} {
		if got := guessedAs(spelling); got != guessedAs(want) && got != want {
			t.Errorf("%s: %q, want %q", spelling, got, want)
		}
	}
}

// Who owns one account must not get a lane of his own at another: no two accounts of a provider share the name in the device cookie.
func TestDeviceCookieIsOfOneAccount(t *testing.T) {
	d := &deviceMAC{KeyRing{NewKey()}, "store", "store.test"}
	for _, other := range []string{"ıda@example.com", "İda@example.com", "ａda@example.com", "i\u0307da@example.com"} {
		if d.account(other) == d.account("ida@example.com") || d.account(other) == d.account("ada@example.com") {
			t.Errorf("%s", other)
		}
	}
	if d.account("Ida@Example.com") != d.account("ida@example.com") || d.account("ÉMILE@example.com") != d.account("émile@example.com") {
		t.Error("case counts")
	}
}
