package latchkey

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxLoginBody = 8 << 10 // bytes
	maxLoginID   = 255     // code points
	maxCode      = 64      // bytes; recovery codes are longer than six digits
)

type loginForm struct {
	loginID     string
	password    Secret
	code        Secret // empty: none
	newPassword Secret // empty: none
	remember    bool
}

// readLoginForm reads a login request. The problem says what was wrong with it.
func readLoginForm(w http.ResponseWriter, r *http.Request) (loginForm, *problem) {
	mediaType, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	charset := params["charset"]
	if err != nil || mediaType != "application/json" || charset != "" && !strings.EqualFold(charset, "utf-8") || r.Header.Get("Content-Encoding") != "" {
		return loginForm{}, &problem{Code: codeUnsupportedType}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxLoginBody))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return loginForm{}, &problem{Code: codeTooLarge}
	}
	if err != nil {
		return loginForm{}, &problem{Code: codeBadRequest, Detail: "the body could not be read"}
	}
	form, err := parseLoginForm(body)
	if err != nil {
		return loginForm{}, &problem{Code: codeBadRequest, Detail: err.Error()}
	}
	return form, nil
}

// parseLoginForm is strict where encoding/json is not: one flat object, no key twice or in another case, no unknown key,
// nothing after it, valid UTF-8 without lone surrogates. Its errors quote no value.
func parseLoginForm(body []byte) (loginForm, error) {
	form := loginForm{remember: true}
	if !utf8.Valid(body) {
		return form, errors.New("not UTF-8")
	}
	in := json.NewDecoder(bytes.NewReader(body))
	if t, err := in.Token(); err != nil || t != json.Delim('{') {
		return form, errors.New("not a JSON object")
	}
	given := make(map[string]bool)
	for in.More() {
		key, err := in.Token()
		if err != nil {
			return form, errors.New("not JSON")
		}
		if given[key.(string)] {
			return form, errors.New("a key stands there twice")
		}
		given[key.(string)] = true
		value, err := in.Token()
		if err != nil {
			return form, errors.New("not JSON")
		}
		if err := form.set(key.(string), value); err != nil {
			return form, err
		}
	}
	if t, err := in.Token(); err != nil || t != json.Delim('}') {
		return form, errors.New("not JSON")
	}
	if _, err := in.Token(); err != io.EOF {
		return form, errors.New("something follows the JSON object")
	}
	if given["email"] && given["loginId"] {
		return form, errors.New("both email and loginId")
	}
	return form, form.check()
}

func (f *loginForm) set(key string, value json.Token) error {
	text, isText := value.(string)
	if isText && strings.ContainsRune(text, unicode.ReplacementChar) {
		return errors.New("a value is not Unicode text") // encoding/json puts it in place of a lone surrogate
	}
	switch {
	case (key == "email" || key == "loginId") && isText:
		f.loginID = text
	case key == "password" && isText:
		f.password = Secret(text)
	case key == "code" && isText:
		f.code = Secret(text)
	case key == "newPassword" && isText:
		f.newPassword = Secret(text)
	case key == "remember":
		remember, ok := value.(bool)
		if !ok {
			return errors.New("remember: want true or false")
		}
		f.remember = remember
	case slices.Contains([]string{"email", "loginId", "password", "code", "newPassword"}, key):
		return fmt.Errorf("%s: want a string", key)
	default:
		return errors.New("unknown key: want email or loginId, password, remember, code, newPassword")
	}
	return nil
}

func (f *loginForm) check() error {
	switch {
	case f.loginID == "":
		return errors.New("email: required")
	case f.password == "":
		return errors.New("password: required")
	case utf8.RuneCountInString(f.loginID) > maxLoginID:
		return fmt.Errorf("email: longer than %d characters", maxLoginID)
	case strings.IndexFunc(f.loginID, unicode.IsControl) >= 0:
		return errors.New("email: has a control character")
	case strings.ContainsRune(string(f.password), 0):
		return errors.New("password: has a NUL")
	case strings.ContainsRune(string(f.newPassword), 0):
		return errors.New("newPassword: has a NUL")
	case len(f.code) > maxCode || strings.IndexFunc(string(f.code), unicode.IsControl) >= 0:
		return errors.New("code: not one")
	}
	return nil
}
