package throttle

import (
	"strings"
	"unicode"
)

// FoldCase returns the same text for all spellings of a login id that differ in case alone, whose
// accounts are one at every provider. It is [strings.EqualFold] as a value.
func FoldCase(loginID string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
			least = min(least, other)
		}
		if 'A' <= least && least <= 'Z' {
			return least + 'a' - 'A'
		}
		return least
	}, loginID)
}
