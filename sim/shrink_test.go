package sim

import (
	"slices"
	"testing"
)

// mostTries bounds how often a scenario is played to shorten it.
const mostTries = 1500

// shrink leaves out events as long as the first violation is of the same kind, larger pieces first
// (delta debugging), and returns what is left, and its result.
func shrink(t *testing.T, s scenario, l *ledger) (scenario, *ledger) {
	tries := 0
	for size := len(s.events) / 2; size > 0; size /= 2 {
		for from := 0; from < len(s.events) && tries < mostTries; {
			tries++
			without := s
			without.events = slices.Delete(slices.Clone(s.events), from, min(from+size, len(s.events)))
			if told := play(t, without); sameKind(told, l) {
				s, l = without, told
				continue
			}
			from += size
		}
	}
	return s, l
}

// sameKind reports whether the first violations begin alike.
func sameKind(a, b *ledger) bool {
	const name = 3 // "I1:"
	return len(a.violations) > 0 && a.violations[0][:name] == b.violations[0][:name]
}
