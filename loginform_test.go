package latchkey

import (
	"bytes"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"
)

// LGN-07: what encoding/json would let pass, and what it would change.
func TestLGN07_LoginForm(t *testing.T) {
	for body, want := range map[string]string{
		`{"email":"a@b","password":"p"}`:                                          "",
		` {"loginId":"ada","password":" p ","remember":false} `:                   "",
		`{"email":"a@b","password":"\ud83d\ude00"}`:                               "",
		`{"email":"a@b","password":"p","code":"123456","newPassword":"q"}`:        "",
		`{"email":"a@b","password":"p","code":123456}`:                            "code: wrong type",
		`{"email":"a@b","password":"p","code":"1\u0000"}`:                         "code: invalid",
		`{"email":"a@b","password":"p","code":"` + strings.Repeat("1", 65) + `"}`: "code: invalid",
		`{"email":"a@b","password":"p","newPassword":"q\u0000"}`:                  "newPassword: has a NUL",
		``:                                 "not a JSON object",
		`null`:                             "not a JSON object",
		`[]`:                               "not a JSON object",
		`"x"`:                              "not a JSON object",
		`{`:                                "not JSON",
		`{"email":"a@b","password":"p"`:    "not JSON",
		`{"email":"a@b","password":"p",}`:  "not JSON",
		`{"email":"a@b","password":"p"}{}`: "unexpected data",
		`{"email":"a@b","password":"p"} x`: "unexpected data",
		`{"email":"a@b","email":"c@d","password":"p"}`:                "duplicate key",
		`{"Email":"a@b","password":"p"}`:                              "unknown key",
		`{"email":"a@b","PASSWORD":"p"}`:                              "unknown key",
		`{"email":"a@b","password":"p","x":1}`:                        "unknown key",
		`{"email":"a@b","loginId":"a","password":"p"}`:                "email and loginId: give one of them",
		`{"email":1,"password":"p"}`:                                  "email: wrong type",
		`{"email":null,"password":"p"}`:                               "email: wrong type",
		`{"email":{"a":1},"password":"p"}`:                            "email: wrong type",
		`{"email":"a@b","password":["p"]}`:                            "password: wrong type",
		`{"email":"a@b","password":"p","remember":"yes"}`:             "remember: wrong type",
		`{"email":"a@b"}`:                                             "password: required",
		`{"password":"p"}`:                                            "email: required",
		`{"email":"","password":"p"}`:                                 "email: required",
		`{"email":"a@b","password":""}`:                               "password: required",
		`{"email":"a\u0000b","password":"p"}`:                         "control character",
		`{"email":"a\r\nb","password":"p"}`:                           "control character",
		`{"email":"a@b","password":"p\u0000"}`:                        "password: has a NUL",
		`{"email":"a@b","password":"\ud800"}`:                         "not Unicode",
		"{\"email\":\"a\xff\",\"password\":\"p\"}":                    "not UTF-8",
		`{"email":"` + strings.Repeat("ä", 256) + `","password":"p"}`: "longer than 255",
	} {
		_, err := formOf([]byte(body))
		if got := errorText(err); !strings.Contains(got, want) || want == "" && got != "" {
			t.Errorf("%s: %q, want %q", body, got, want)
		}
	}
}

// formOf reads a body as a login request does. The error is the problem's detail.
func formOf(body []byte) (loginForm, error) {
	r := httptest.NewRequest("POST", "/api/login", bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	form, refusal := readLoginForm(httptest.NewRecorder(), r)
	if refusal != nil {
		return form, errors.New(refusal.Detail)
	}
	return form, nil
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// LGN-05: the password passes unchanged.
func TestLGN05_PasswordIsNotTouched(t *testing.T) {
	for _, password := range []string{" leading", "trailing ", "ÅÅ", "%00<b>", "\t\n", "🦊", strings.Repeat("x", 5000)} {
		quoted := strings.NewReplacer("\t", `\t`, "\n", `\n`).Replace(password)
		form, err := formOf([]byte(`{"email":"a@b","password":"` + quoted + `"}`))
		if err != nil || string(form.password) != password || !form.remember {
			t.Errorf("%q: %q, %v", password, string(form.password), err)
		}
	}
}

func FuzzLoginForm(f *testing.F) {
	f.Add([]byte(`{"email":"a@b","password":"p","remember":false}`))
	f.Add([]byte(`{"loginId":"\ud83d\ude00","password":[{}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		form, err := formOf(body)
		if err == nil && (form.loginID == "" || form.password == "" || !utf8.ValidString(form.loginID) || strings.ContainsAny(form.loginID, "\r\n\x00")) {
			t.Errorf("%q was let through as %+v", body, form)
		}
		if err != nil && len(err.Error()) > 100 {
			t.Errorf("the error quotes the body: %v", err)
		}
	})
}
