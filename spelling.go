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

// guessedAs returns what guesses at a login id are counted for. Providers find one account under many spellings (NFKC and full case folding; the tables for that are not
// in the standard library), and each must not have an allowance of its own. So full-width letters are taken for what they stand for, and where a part of the id could be another
// spelling of something else, all such parts count as one.
func guessedAs(loginID string) string {
	plain := strings.Map(func(r rune) rune {
		if '！' <= r && r <= '～' { // full-width ASCII
			return r - '！' + '!'
		}
		return r
	}, loginID)
	parts := strings.Split(sameCase(plain), "@")
	for i, part := range parts {
		if strings.ContainsFunc(part, ambiguous) {
			parts[i] = "\x00" // which no form lets through
		}
	}
	return strings.Join(parts, "@")
}

// ambiguous tells whether a character may have another spelling, be one, or be joined with its neighbours. A test holds this to golang.org/x/text.
func ambiguous(r rune) bool {
	if r < 0x80 {
		return false
	}
	if unicode.In(r, unicode.Common, unicode.Inherited, unicode.Lm, respelled) {
		return true
	}
	return !unicode.In(r, unicode.L, unicode.Nd)
}

// respelled are letters that NFKC or full case folding changes, and those that NFKC joins.
var respelled = &unicode.RangeTable{
	R16: []unicode.Range16{
		{0xaa, 0xaa, 1}, {0xba, 0xba, 1}, {0xdf, 0xdf, 1}, {0x130, 0x130, 1}, {0x132, 0x133, 1}, {0x13f, 0x140, 1}, {0x149, 0x149, 1}, // Latin
		{0x1c4, 0x1cc, 1}, {0x1f0, 0x1f3, 1}, {0x390, 0x390, 1}, {0x3b0, 0x3b0, 1}, {0x3d0, 0x3f9, 1}, // Latin and Greek
		{0x587, 0x587, 1}, {0x675, 0x678, 1}, {0x958, 0x95f, 1}, {0x9dc, 0x9df, 1}, {0xa33, 0xa36, 1}, {0xa59, 0xa5e, 1}, {0xb5c, 0xb5d, 1}, // Armenian to Oriya
		{0xe33, 0xe33, 1}, {0xeb3, 0xeb3, 1}, {0xedc, 0xedd, 1}, {0xf43, 0xf69, 1}, {0x1100, 0x11ff, 1}, // Thai to Hangul
		{0x1e96, 0x1e9e, 1}, {0x1f50, 0x1fff, 1}, {0x2126, 0x212b, 1}, // Latin and Greek
		{0x309f, 0x309f, 1}, {0x30ff, 0x30ff, 1}, {0x3130, 0x318f, 1}, {0xa960, 0xa97f, 1}, {0xd7b0, 0xd7ff, 1}, {0xf900, 0xffff, 1}, // East Asian and presentation forms
	},
	R32:         []unicode.Range32{{0x1ee00, 0x1eeff, 1}, {0x2f800, 0x2faff, 1}},
	LatinOffset: 3,
}
