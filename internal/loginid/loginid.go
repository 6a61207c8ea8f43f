// Package loginid defines the canonical form in which e-mail addresses and usernames are compared.
package loginid

import (
	"strings"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Trim removes the white space (Unicode's White_Space) around what somebody typed, which keyboards
// and clipboards add. Accounts are created without it.
func Trim(typed string) string { return strings.TrimSpace(typed) }

// Canonical returns the form in which login ids are compared: trimmed, in lower case, compatibility
// composed (NFKC) and case folded. Creation, login and every count of guesses use it, so that all
// of them treat "Ada" and "ａｄａ" as one account. It accepts any text. No two login ids of a tenant
// have the same canonical form.
func Canonical(typed string) string {
	// An address is stored in lower case, and must be found by it: "İ" folds to two characters, and
	// its lower case is an "i".
	s := strings.ToLower(Trim(typed))
	// Folding can undo the composition, and composing can produce new capitals.
	return norm.NFKC.String(cases.Fold().String(norm.NFKC.String(s)))
}
