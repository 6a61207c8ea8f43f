// Package loginid has the one form in which e-mail addresses and usernames are compared.
package loginid

import (
	"strings"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Trim returns what somebody typed without the white space around it (Unicode's White_Space), which
// keyboards and clipboards add. Accounts are made without it.
func Trim(typed string) string { return strings.TrimSpace(typed) }

// Canonical returns the form in which login ids are compared: trimmed, in small letters,
// compatibility composed (NFKC) and case folded. Creation, login and every count of guesses use it,
// so that all see one account in "Ada" and "ａｄａ". It takes any text. No two login ids with one
// canonical form exist in a tenant.
func Canonical(typed string) string {
	// An address is kept in small letters, and must be found by them: "İ" folds to two characters,
	// and its small letter is an "i".
	s := strings.ToLower(Trim(typed))
	// Folding can undo the composition, and composing can bring up new capitals.
	return norm.NFKC.String(cases.Fold().String(norm.NFKC.String(s)))
}
