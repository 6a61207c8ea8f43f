package password_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/latchkey-dev/latchkey/idp/internal/password"
)

func TestRules_check(t *testing.T) {
	length := password.Rules{MinLength: 4, MaxLength: 8}
	all := password.Rules{MinLength: 4, MaxLength: 8, RequireMixedCase: true, RequireNonAlpha: true, RequireNumber: true}
	for _, c := range []struct {
		rules password.Rules
		typed string
		want  []string
	}{
		{length, "abcd", nil},
		{length, "", []string{"blank"}},
		{length, "abc", []string{"tooShort"}},
		{length, "abcdefghi", []string{"tooLong"}},
		{length, "cafe\u0301", nil},
		{length, "cae\u0301", []string{"tooShort"}}, // three code points after NFC
		{length, "abc\x00", []string{"invalid"}},
		{length, "abc\xff", []string{"invalid"}},
		{length, strings.Repeat("a", password.MaxBytes+1), []string{"tooLong"}},
		{all, "abc", []string{"tooShort", "singleCase", "onlyAlpha", "requireNumber"}},
		{all, "ABCD-1", []string{"singleCase"}},
		{all, "abCd1", []string{"onlyAlpha"}},
		{all, "abCd1-", nil},
		{all, "ab\u0301Cd1", []string{"onlyAlpha"}}, // a mark belongs to its letter
	} {
		var got []string
		for _, v := range c.rules.Check(c.typed) {
			got = append(got, v.Kind)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%.20q: %v, want %v", c.typed, got, c.want)
		}
	}
}
