package idp

import (
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxLoginID is the longest e-mail address or username, in code points.
const maxLoginID = 255

// checkLoginID returns the kind of mistake in a new e-mail address or username,
// or "". What cannot be seen (controls, zero-width characters) could make two
// names look alike.
func checkLoginID(s string) (kind string) {
	switch {
	case !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsGraphic(r) }):
		return "invalid"
	case utf8.RuneCountInString(s) > maxLoginID:
		return "tooLong"
	case strings.TrimSpace(s) != s:
		return "invalid"
	}
	return ""
}

// isEmail reports whether s is a plain address: with a name before it, a comment or quotes a mail
// would go to another address than the text shows. Only a mail that arrives proves an address.
func isEmail(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Name == "" && a.Address == s && !strings.ContainsAny(s, `"()<>[]\,:;`) && !strings.ContainsFunc(s, unicode.IsSpace)
}
