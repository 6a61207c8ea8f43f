package idp

import (
	"fmt"

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
	for _, v := range password.Rules(p).Check(typed) {
		wrong = append(wrong, fusion.Invalid(field, v.Kind, v.Message)...)
	}
	return wrong
}
