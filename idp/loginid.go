package idp

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// maxLoginID is the longest e-mail address or username, in code points.
const maxLoginID = 255

// normalizeLoginID returns the form in which e-mail addresses and usernames
// are compared: compatibility composed and case folded. It is the only such
// function: creation, login and log all see the same account in "Ada" and
// "ａｄａ". Nothing is trimmed.
func normalizeLoginID(s string) string {
	// Folding can undo the composition, and composing can bring up new capitals.
	return norm.NFKC.String(cases.Fold().String(norm.NFKC.String(s)))
}

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

// isEmail asks only for what every address has. The proof of an address is a
// mail that arrives.
func isEmail(s string) bool {
	local, domain, ok := strings.Cut(s, "@")
	return ok && local != "" && domain != "" && !strings.Contains(domain, "@") && !strings.ContainsFunc(s, unicode.IsSpace)
}
