package latchkey

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode"

	"github.com/latchkey-dev/latchkey/internal/cookie"
	"github.com/latchkey-dev/latchkey/internal/rotation"
	"github.com/latchkey-dev/latchkey/internal/wire"
)

// ServeLogin handles POST {"email" or "loginId", "password", "remember"}. It responds with 200
// {"user": {…}} and the cookies, and ends the session that the browser had before. docs/http.md has
// the codes of refusals. After 409 the form is sent again with what was missing: "code" for the
// second factor, or "newPassword". No token of a half-finished login ever leaves the backend.
func (g *Guard) ServeLogin(w http.ResponseWriter, r *http.Request) {
	if !g.origin.allow(w, r) {
		return
	}
	if !wire.AllowMethods(w, r, http.MethodPost) {
		return
	}
	form, refusal := readLoginForm(w, r)
	if refusal != nil {
		refusal.Write(w)
		return
	}
	device := g.config.device(r)
	attempt := g.attempts.of(r.Header, form.loginID, device.IP)
	if wait := g.attempts.Enter(attempt.counted, g.now()); wait > 0 {
		err := &ProviderError{Code: CodeTooManyAttempts, RetryAfter: wait}
		g.loginFailed(r.Context(), device, err)
		WriteError(w, err)
		return
	}
	grant, err := g.attempts.run(attempt, func() (Grant, error) {
		return g.login(r.Context(), Credentials{LoginID: form.loginID, Password: form.password, Code: form.code, NewPassword: form.newPassword, Device: device})
	})
	if err != nil {
		g.loginFailed(r.Context(), device, err)
		WriteError(w, err)
		return
	}
	if r.Context().Err() != nil { // the browser is gone: nobody would get the cookies
		g.Discard(grant)
		wire.Of(wire.CodeProviderUnavailable).Write(w)
		return
	}
	rec, err := g.startSession(w, r, grant, device, form.remember)
	if err != nil {
		WriteError(w, err)
		return
	}
	if form.remember { // a shared computer gets no bucket of its own
		g.browsers.remember(w, r.Header, attempt.browser, attempt.account, rec.User.ID)
	}
	writeUser(w, rec.User)
}

// startSession stores a new session and sets its cookies.
func (g *Guard) startSession(w http.ResponseWriter, r *http.Request, grant Grant, device Device, remember bool) (*Record, error) {
	rec, pair, err := g.begin(r.Context(), grant, device, remember)
	if err != nil {
		err = fmt.Errorf("session cannot be stored: %w", err)
		g.emit(r.Context(), Event{Kind: EventProviderUnavailable, UserID: grant.User.ID, Device: device, Err: err})
		return nil, err
	}
	if err := g.endByCookies(r, EndLogout); err != nil { // this response replaces those cookies
		g.log.ErrorContext(r.Context(), "cannot end the browser's previous session at login", "app", g.app, "user", rec.User.ID, "error", err)
	}
	g.emit(r.Context(), Event{Kind: EventLogin, Session: rec.ID, UserID: rec.User.ID, Device: device, Generation: rec.Generation})
	g.cookies.set(w, pair)
	g.devices.offer(w, r, rec)
	wire.NoStore(w)
	return rec, nil
}

// ForgetFailures resets the count of failed logins to an account on this node, because its owner
// has just authenticated by other means, such as a mail.
func (g *Guard) ForgetFailures(loginID string) {
	g.attempts.forget(loginID)
}

// accept admits a complete grant, before a session starts with it. A new password ends the sessions
// that started with the old one, even if the browser disconnects meanwhile (ASVS V7.4.3).
func (g *Guard) accept(ctx context.Context, grant Grant) error {
	if grant.PasswordChanged {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
		defer cancel()
		if _, err := g.EndUser(ctx, grant.User.ID, EndPasswordChanged); err != nil {
			g.log.ErrorContext(ctx, "cannot end the sessions from before a password change; they end at their next refresh", "app", g.app, "user", grant.User.ID, "error", err)
		}
	}
	return g.admit(ctx, grant)
}

func (g *Guard) login(ctx context.Context, c Credentials) (Grant, error) {
	grant, err := g.upstream.login(ctx, c)
	var e *ProviderError
	switch {
	case err == nil:
		err = g.accept(ctx, grant)
	case g.emails.hidden.Load() && errors.As(err, &e) && e.revealsUnverified():
		err = &ProviderError{Code: CodeInvalidCredentials, Err: err}
	}
	return grant, err
}

// begin stores a new session. Its id and branch are random and take nothing from the request, which
// prevents session fixation (ASVS V7.2.4). If begin fails, the grant's refresh token is revoked.
func (g *Guard) begin(ctx context.Context, grant Grant, device Device, remember bool) (*Record, *cookiePair, error) {
	now := g.now()
	rec := g.granted(rotation.Rotate, &Record{
		ID: newID(), App: g.app, RefreshTokenID: grant.RefreshTokenID, Device: device, Persistent: remember,
		CreatedAt: now, AuthenticatedAt: now, AuthMethods: grant.AuthMethods, Deadline: now.Add(g.rules.Absolute),
	}, grant, now)
	pair, err := g.cookies.make(rec, cookie.NewBranch(), grant.RefreshToken, "", now)
	if err != nil {
		g.upstream.revokeOnce(ctx, grant.RefreshTokenID)
		return nil, nil, err
	}
	if err := g.ledger.Create(ctx, rec); err != nil {
		// it may be stored all the same, but no browser has its cookies
		g.ledger.EndAbandoned(ctx, rec)
		return nil, nil, err
	}
	return rec, pair, nil
}

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
