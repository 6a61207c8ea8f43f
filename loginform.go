package latchkey

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode"

	"github.com/latchkey-dev/latchkey/internal/wire"
)

const (
	maxLoginBody = 8 << 10 // bytes
	maxCode      = 64      // bytes; recovery codes are longer than six digits
)

type loginForm struct {
	loginID     string
	password    Secret
	code        Secret // empty: none
	newPassword Secret // empty: none
	remember    bool
}

// readLoginForm reads a login request, or returns what is wrong with it.
func readLoginForm(w http.ResponseWriter, r *http.Request) (loginForm, *wire.Problem) {
	form := loginForm{remember: true}
	var email, loginID *string
	err := wire.Read(w, r, maxLoginBody, wire.Fields{
		"email": wire.Optional{Target: &email}, "loginId": wire.Optional{Target: &loginID}, "password": &form.password,
		"code": wire.Optional{Target: &form.code}, "newPassword": wire.Optional{Target: &form.newPassword}, "remember": wire.Optional{Target: &form.remember},
	})
	var refusal wire.Problem
	if errors.As(err, &refusal) {
		return loginForm{}, &refusal
	}
	if err := form.name(email, loginID); err != nil {
		refusal = wire.BadRequest(err.Error())
		return loginForm{}, &refusal
	}
	if err := form.check(); err != nil {
		refusal = wire.BadRequest(err.Error())
		return loginForm{}, &refusal
	}
	return form, nil
}

// name takes the login id from email or loginId, whichever was given.
func (f *loginForm) name(email, loginID *string) error {
	switch {
	case email != nil && loginID != nil:
		return errors.New("email and loginId: give one of them")
	case email == nil && loginID == nil:
		return errors.New("email: required")
	case email == nil:
		email = loginID
	}
	var err error
	if f.loginID, err = wire.LoginID(*email); err != nil {
		return fmt.Errorf("email: %w", err)
	}
	// keyboards and clipboards add spaces; accounts have none
	f.loginID = strings.TrimSpace(f.loginID)
	return nil
}

func (f *loginForm) check() error {
	if err := wire.Password(string(f.password)); err != nil {
		return fmt.Errorf("password: %w", err)
	}
	if err := wire.Password(string(f.newPassword)); err != nil {
		return fmt.Errorf("newPassword: %w", err)
	}
	switch {
	case f.password == "":
		return errors.New("password: required")
	case len(f.code) > maxCode || strings.IndexFunc(string(f.code), unicode.IsControl) >= 0:
		return errors.New("code: invalid")
	}
	return nil
}
