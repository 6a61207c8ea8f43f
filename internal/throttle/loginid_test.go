package throttle

import (
	"strings"
	"testing"
)

func FuzzFoldCase(f *testing.F) {
	for _, pair := range [][2]string{{"Ada", "aDA"}, {"ıda", "ida"}, {"Straße", "STRASSE"}, {"K", "\u212a"}, {"Ǆ", "ǆ"}, {"σ", "ς"}} {
		f.Add(pair[0], pair[1])
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		a, b = strings.ToValidUTF8(a, ""), strings.ToValidUTF8(b, "")
		if same := FoldCase(a) == FoldCase(b); same != strings.EqualFold(a, b) {
			t.Errorf("%q and %q: %v", a, b, same)
		}
	})
}
