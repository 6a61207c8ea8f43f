package latchkey

import (
	"strings"
	"unicode"
)

// sameCase returns the one form of all spellings that differ in case alone, whose accounts are one at every provider. It is strings.EqualFold as a value.
func sameCase(s string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
			least = min(least, other)
		}
		if 'A' <= least && least <= 'Z' {
			return least + 'a' - 'A'
		}
		return least
	}, s)
}

// canonicalizer returns how login ids are spelled where failed logins are counted.
func canonicalizer(p Provider) func(loginID string) string {
	if c, ok := p.(LoginIDCanonicalizer); ok {
		return c.CanonicalLoginID
	}
	return sameCase
}
