package idp_test

import (
	"errors"
	"net/http"
	"slices"
	"testing"

	"github.com/google/uuid"

	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
)

// ruled sets the rules of the default tenant over the API.
func (w *world) ruled(rules object) answer {
	w.t.Helper()
	return w.keyed("PATCH", "/api/tenant/"+w.user.TenantID, object{"tenant": object{"passwordValidationRules": rules}}.String())
}

// codes returns the error codes of creating a user with this password.
func (w *world) codes(password string) (codes []string) {
	w.t.Helper()
	_, err := w.CreateUser(w.t.Context(), idp.NewUser{Username: "grace-" + uuid.NewString(), Email: uuid.NewString() + "@example.com", Password: password})
	wrong, ok := errors.AsType[idp.ValidationError](err)
	if err != nil && !ok {
		w.t.Fatal(err)
	}
	for _, e := range wrong {
		codes = append(codes, e.Code())
	}
	return codes
}

type rulesBody struct {
	Rules struct {
		MinLength, MaxLength                             int
		RequireMixedCase, RequireNonAlpha, RequireNumber bool
		DisallowUserLoginID                              bool
	} `json:"passwordValidationRules"`
}

func TestPasswordRules(t *testing.T) {
	w := newWorld(t)
	shown := func(path string, header ...string) (b rulesBody) {
		w.send("GET", "/api/tenant/password-validation-rules"+path, "", "", header...).want(http.StatusOK).decode(&b)
		return b
	}
	if b := shown(""); b.Rules.MinLength != 15 || b.Rules.MaxLength != 256 || b.Rules.RequireNumber || !b.Rules.DisallowUserLoginID {
		t.Errorf("the default is %+v", b)
	}
	w.ruled(object{"minLength": 8, "maxLength": 20, "requireMixedCase": true, "requireNonAlpha": true, "requireNumber": true}).want(http.StatusOK)
	for _, b := range []rulesBody{shown("/" + w.user.TenantID), shown("", tenantHeader, w.user.TenantID), shown("", "Authorization", w.APIKey)} {
		if b.Rules.MinLength != 8 || b.Rules.MaxLength != 20 || !b.Rules.RequireMixedCase || !b.Rules.RequireNonAlpha || !b.Rules.RequireNumber {
			t.Errorf("%+v", b)
		}
	}
	for password, want := range map[string][]string{
		"k7#Qz!2m":                nil,
		"k7#Qz!2":                 {"[tooShort]user.password"},
		"k7#Qz!2m and more of it": {"[tooLong]user.password"},
		"k7#qz!2m":                {"[singleCase]user.password"},
		"K7#QZ!2M":                {"[singleCase]user.password"},
		"k7vQzt2m":                {"[onlyAlpha]user.password"},
		"kx#Qz!vm":                {"[requireNumber]user.password"},
		"kxvqz":                   {"[tooShort]user.password", "[singleCase]user.password", "[onlyAlpha]user.password", "[requireNumber]user.password"},
		"k7\u0301vQzt2m\u0301":    {"[onlyAlpha]user.password"}, // an accent is part of its letter
		"Éà7 été à":               nil,
		"Password1!":              {"[breachedCommonPassword]user.password"},
	} {
		if got := w.codes(password); !slices.Equal(got, want) {
			t.Errorf("%q: %v, want %v", password, got, want)
		}
	}

	// Where a password is set, and nowhere else.
	w.login(nil).want(http.StatusOK) // the old one breaks the rules
	w.keyed("POST", "/api/user/change-password", object{"loginId": "ada@example.com", "password": "k7#Qz!2"}.String()).wantCode("[tooShort]password")
	w.keyed("POST", "/api/user/change-password", object{"loginId": "ada@example.com", "password": "k7#Qz!2m"}.String()).wantEmpty(http.StatusOK)
	w.keyed("POST", "/api/user/import", object{"users": []object{{"email": "i@example.com", "password": "k7vQzt2m"}}}.String()).wantCode("[onlyAlpha]users[0].password")
	w.keyed("PUT", "/api/user/"+w.user.ID, object{"user": object{"email": "ada@example.com", "password": "k7vQzt2m"}}.String()).wantCode("[onlyAlpha]user.password")
	w.login(object{"password": "k7#Qz!2m"}).want(http.StatusOK)

	// A PUT without rules, and null, put the defaults back.
	w.ruled(nil).want(http.StatusOK)
	if b := shown(""); b.Rules.MinLength != 15 || b.Rules.RequireNumber {
		t.Errorf("%+v", b)
	}
	w.send("GET", "/api/tenant/password-validation-rules/"+uuid.NewString(), "", "").wantEmpty(http.StatusNotFound)
	w.send("GET", "/api/tenant/password-validation-rules/x", "", "").wantCode("[couldNotConvert]tenantId")
	w.send("GET", "/api/tenant/password-validation-rules", "", "", "Authorization", "x").wantEmpty(http.StatusUnauthorized)
	must(t, w.EnsureTenant(t.Context(), idp.Tenant{ID: uuid.NewString(), Name: "There"}))
	w.send("GET", "/api/tenant/password-validation-rules", "", "").wantCode("[TenantIdRequired]")
}

func TestPasswordRulesRefused(t *testing.T) {
	w := newWorld(t)
	for code, rules := range map[string]object{
		"[invalid]tenant.passwordValidationRules.minLength": {"minLength": -1},
		"[invalid]tenant.passwordValidationRules.maxLength": {"maxLength": 14},
		"[invalidJSON]": {"minLength": "eight"},
	} {
		w.ruled(rules).wantCode(code)
	}
	if wrong := w.ruled(object{"minLength": 300, "maxLength": 299}).want(http.StatusBadRequest); len(wrong.body) == 0 {
		t.Error(wrong.body)
	}
}

// TestPWD10_NamesInPasswords: what the user or the service is called is no secret.
func TestPWD10_NamesInPasswords(t *testing.T) {
	w := newWorldOf(t, idp.Application{Name: "The Corner Shop"})
	const common = "[breachedCommonPassword]user.password"
	for _, p := range []string{"thecornershop123", "latchkeylatchkey", "passwordpassword", "aaaaaaaaaaaaaaa"} {
		if got := w.codes(p); !slices.Equal(got, []string{common}) {
			t.Errorf("%q: %v", p, got)
		}
	}
	w.keyed("POST", "/api/user/change-password", object{"loginId": "ada@example.com", "password": "Ada@Example.com"}.String()).wantCode("[breachedCommonPassword]password")
	if got := w.codes("Ada@Example.com"); got != nil {
		t.Errorf("somebody else's address: %v", got)
	}
	err := w.SetPassword(t.Context(), w.user.ID, "ada@example.com")
	if wrong, ok := errors.AsType[idp.ValidationError](err); !ok || wrong[0].Code() != common {
		t.Errorf("%v", err)
	}
	w.login(object{"password": idptest.Password}).want(http.StatusOK)
}
