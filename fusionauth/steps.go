package fusionauth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/latchkey-dev/latchkey"
)

// A secondFactor is the code for a 242, and the login that follows it.
type secondFactor struct {
	credentials latchkey.Credentials
	trust       bool // a login follows, and the user is not asked for a code twice
	noJWT       bool
}

// secondFactor answers a 242 with the code, at POST /api/two-factor/login.
func (c *Client) secondFactor(ctx context.Context, asked answer, f secondFactor) (answer, error) {
	var r loginResponse
	if err := asked.decode(&r); err != nil || r.TwoFactorID == "" {
		return asked, errors.Join(err, fmt.Errorf("%s: 242 without a twoFactorId", asked.call))
	}
	device := f.credentials.Device
	a, err := c.call(ctx, request{method: http.MethodPost, path: "/api/two-factor/login", tenant: true, ip: device.IP, json: struct {
		TwoFactorID   string `json:"twoFactorId"`
		Code          string `json:"code"`
		TrustComputer bool   `json:"trustComputer,omitempty"`
		NoJWT         bool   `json:"noJWT,omitempty"`
		visit
	}{r.TwoFactorID, typedCode(f.credentials.Code), f.trust, f.noJWT, c.visit(device)}})
	switch {
	case err != nil:
		return a, err
	case a.status == statusWrongCode:
		return a, &latchkey.ProviderError{Code: latchkey.CodeInvalidCode}
	case a.status == http.StatusNotFound: // it has just been given to us
		return a, a.unexpected()
	}
	return a, nil
}

// typedCode is a code without white space: authenticator apps show codes in groups, and users type
// them that way.
func typedCode(code latchkey.Secret) string { return strings.Join(strings.Fields(string(code)), "") }

// withNewPassword answers a 203 with the new password, and logs in with it.
func (c *Client) withNewPassword(ctx context.Context, asked answer, credentials latchkey.Credentials) (answer, error) {
	var r loginResponse
	if err := asked.decode(&r); err != nil || r.ChangePasswordID == "" {
		return asked, errors.Join(err, fmt.Errorf("%s: 203 without a changePasswordId", asked.call))
	}
	if err := c.ResetPassword(ctx, latchkey.Secret(r.ChangePasswordID), credentials.NewPassword); err != nil {
		return asked, err
	}
	return c.passwordLogin(ctx, loginRequest{
		LoginID: credentials.LoginID, Password: string(credentials.NewPassword), TwoFactorTrustID: r.TwoFactorTrustID, visit: c.visit(credentials.Device),
	})
}

// ResetPassword sets a password with the id of a change: that of a 203, or that of a mail (POST
// /api/user/change-password). It fails with ErrNotFound if the id is not valid, or no longer, and
// with CodePasswordRefused if the password is not acceptable. It makes the user's refresh tokens
// invalid.
func (c *Client) ResetPassword(ctx context.Context, changeID, password latchkey.Secret) error {
	a, err := c.call(ctx, request{method: http.MethodPost, path: "/api/user/change-password", tenant: true, json: map[string]string{
		"changePasswordId": string(changeID), "password": string(password),
	}})
	if err != nil {
		return err
	}
	return c.done(ctx, a)
}

// done reads the response of a call that says only whether it worked.
func (c *Client) done(ctx context.Context, a answer) error {
	switch a.status {
	case http.StatusOK:
		c.worked()
		return nil
	case http.StatusNotFound:
		if len(a.body) == 0 && c.works(ctx) {
			return ErrNotFound
		}
	case http.StatusBadRequest:
		return a.refusal()
	case statusWrongCode:
		return &latchkey.ProviderError{Code: latchkey.CodeInvalidCode}
	case http.StatusTooManyRequests:
		return &latchkey.ProviderError{Code: latchkey.CodeTooManyAttempts, RetryAfter: a.retryAfter()}
	}
	return a.unexpected()
}

// ErrNotFound says that the server has no such user, passkey, or id of a mail.
var ErrNotFound = errors.New("fusionauth: not found")

// A FieldError says which field of a request the server did not accept, and why: "user.email" and
// "duplicate".
type FieldError struct{ Field, Kind string }

// Error names both.
func (e *FieldError) Error() string { return "fusionauth: " + e.Field + ": " + e.Kind }

// refusal reads a 400. A password that breaks the rules is CodePasswordRefused, another field is a
// FieldError, and anything else is our mistake.
func (a answer) refusal() error {
	fields := a.apiErrors().FieldErrors
	for _, field := range []string{"user.password", "password"} {
		for _, e := range fields[field] {
			return &latchkey.ProviderError{Code: latchkey.CodePasswordRefused, Reason: kind(e.Code)}
		}
	}
	for _, field := range []string{"user.email", "user.username", "credential", "secret", "secretBase32Encoded", "method", "displayName"} {
		for _, e := range fields[field] {
			return &FieldError{field, kind(e.Code)}
		}
	}
	return a.unexpected()
}

// kind is "tooShort" of "[tooShort]user.password": the API's code, without anything that a user has
// typed.
func kind(code string) string {
	kind, _, found := strings.Cut(strings.TrimPrefix(code, "["), "]")
	if !found || len(kind) > 40 || strings.Trim(kind, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return "invalid"
	}
	return kind
}
