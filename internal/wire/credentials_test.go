package wire_test

import (
	"strings"
	"testing"

	"github.com/latchkey-dev/latchkey/internal/wire"
)

func TestLoginID(t *testing.T) {
	for typed, want := range map[string]string{
		"ada@example.com": "ada@example.com", "\t ada@example.com\u00a0\u2003\n": "ada@example.com", "ada l": "ada l",
		"": "", " \u3000": "", "a\x00b": "", "a\nb": "", strings.Repeat("ü", 255): strings.Repeat("ü", 255), strings.Repeat("x", 256): "",
	} {
		got, err := wire.LoginID(typed)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: got %q, %v", typed, got, err)
		}
	}
}

func TestPassword(t *testing.T) {
	for typed, good := range map[string]bool{"": true, " with spaces ": true, "ü\t\n": true, "\x00": false, "a\x00b": false} {
		if err := wire.Password(typed); (err == nil) != good {
			t.Errorf("%q: %v", typed, err)
		}
	}
}
