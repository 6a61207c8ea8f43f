package password

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Rules are what a new password must comply with. Lengths are in code points after NFC.
type Rules struct {
	MinLength        int
	MaxLength        int
	RequireMixedCase bool // an upper and a lower case letter
	RequireNonAlpha  bool // something that is neither a letter nor a digit
	RequireNumber    bool // a digit
}

// A Violation is a rule that a password breaks.
type Violation struct {
	Kind    string // FusionAuth's word
	Message string
}

// Check returns every rule that a password breaks. One that is not text of at most [MaxBytes] is
// checked no further.
func (r Rules) Check(typed string) []Violation {
	if v := checkText(typed); v != nil {
		return v
	}
	normal := Normalize(typed)
	var all []Violation
	switch n := utf8.RuneCountInString(normal); {
	case n < r.MinLength:
		all = append(all, Violation{"tooShort", fmt.Sprintf("A password has at least %d characters.", r.MinLength)})
	case n > r.MaxLength:
		all = append(all, Violation{"tooLong", fmt.Sprintf("A password has at most %d characters.", r.MaxLength)})
	}
	if r.RequireMixedCase && (!strings.ContainsFunc(normal, unicode.IsUpper) || !strings.ContainsFunc(normal, unicode.IsLower)) {
		all = append(all, Violation{"singleCase", "A password has upper and lower case letters."})
	}
	if r.RequireNonAlpha && !strings.ContainsFunc(normal, isNonAlpha) {
		all = append(all, Violation{"onlyAlpha", "A password has something that is neither a letter nor a digit."})
	}
	if r.RequireNumber && !strings.ContainsFunc(normal, unicode.IsDigit) {
		all = append(all, Violation{"requireNumber", "A password has a digit."})
	}
	return all
}

func isNonAlpha(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r)
}

func checkText(typed string) []Violation {
	switch {
	case typed == "":
		return []Violation{{"blank", "A password is needed."}}
	case !utf8.ValidString(typed):
		return []Violation{{"invalid", "The password is not valid UTF-8."}}
	case strings.Contains(typed, "\x00"): // login forms accept none
		return []Violation{{"invalid", "The password has a NUL in it."}}
	case len(typed) > MaxBytes:
		return []Violation{{"tooLong", fmt.Sprintf("A password has at most %d bytes.", MaxBytes)}}
	}
	return nil
}
