package idp

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
	"github.com/latchkey-dev/latchkey/idp/internal/password"
)

// PasswordRules are a tenant's rules for new passwords. Length is what counts:
// rules about kinds of characters make passwords worse (SP 800-63B), and are
// there for those who must have them.
type PasswordRules struct {
	MinLength        int  // in code points after NFC; 0: Config.PasswordMinLength
	MaxLength        int  // 0: 256, which is the most there can be
	RequireMixedCase bool // an upper and a lower case letter
	RequireNonAlpha  bool // something that is neither a letter nor a digit
	RequireNumber    bool // a digit
}

func (p PasswordRules) withDefaults(minLength int) PasswordRules {
	if p.MinLength == 0 {
		p.MinLength = minLength
	}
	if p.MaxLength == 0 {
		p.MaxLength = passwordMaxLength
	}
	return p
}

func (p PasswordRules) check(defaultMin int) (wrong ValidationError) {
	p = p.withDefaults(defaultMin)
	bad := func(field, message string) {
		wrong = append(wrong, fusion.Invalid("tenant.passwordValidationRules."+field, "invalid", message)...)
	}
	if p.MinLength < 1 || p.MinLength > passwordMaxLength {
		bad("minLength", fmt.Sprintf("1 to %d.", passwordMaxLength))
	}
	if p.MaxLength < p.MinLength || p.MaxLength > passwordMaxLength {
		bad("maxLength", fmt.Sprintf("minLength to %d.", passwordMaxLength))
	}
	return wrong
}

// refuse returns every rule that a password breaks, as errors of the field.
func (p PasswordRules) refuse(field, typed string) (wrong ValidationError) {
	bad := func(kind, format string, args ...any) {
		wrong = append(wrong, fusion.Invalid(field, kind, fmt.Sprintf(format, args...))...)
	}
	switch {
	case typed == "":
		bad("blank", "A password is needed.")
	case !utf8.ValidString(typed):
		bad("invalid", "The password is not valid UTF-8.")
	case hasNUL(typed): // as login forms have it, which take none
		bad("invalid", "The password has a NUL in it.")
	case len(typed) > password.MaxBytes:
		bad("tooLong", "A password has at most %d bytes.", password.MaxBytes)
	}
	if wrong != nil {
		return wrong
	}
	normal := password.Normalize(typed)
	switch n := utf8.RuneCountInString(normal); {
	case n < p.MinLength:
		bad("tooShort", "A password has at least %d characters.", p.MinLength)
	case n > p.MaxLength:
		bad("tooLong", "A password has at most %d characters.", p.MaxLength)
	}
	if p.RequireMixedCase && (!strings.ContainsFunc(normal, unicode.IsUpper) || !strings.ContainsFunc(normal, unicode.IsLower)) {
		bad("singleCase", "A password has upper and lower case letters.")
	}
	if p.RequireNonAlpha && !strings.ContainsFunc(normal, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r) }) {
		bad("onlyAlpha", "A password has something that is neither a letter nor a digit.")
	}
	if p.RequireNumber && !strings.ContainsFunc(normal, unicode.IsDigit) {
		bad("requireNumber", "A password has a digit.")
	}
	return wrong
}
