package wire

import (
	"strings"
	"unicode/utf8"
)

// Shorten cuts s to at most n bytes of valid UTF-8.
func Shorten(s string, n int) string {
	s = strings.ToValidUTF8(s, "")
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
