package fusionauth

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/latchkey-dev/latchkey"
)

// A NewUser is what somebody enters to register.
type NewUser struct {
	Email     string
	Password  latchkey.Secret
	FirstName string
	LastName  string
}

// Register creates a user and registers them for the application (POST /api/user/registration). If
// the tenant verifies addresses, the server sends a mail. It fails with CodePasswordRefused, or
// with a FieldError: user.email, duplicate.
func (c *Client) Register(ctx context.Context, u NewUser) error {
	type newUser struct {
		Email     string `json:"email"`
		Password  string `json:"password"`
		FirstName string `json:"firstName,omitempty"`
		LastName  string `json:"lastName,omitempty"`
	}
	type registration struct {
		ApplicationID string `json:"applicationId"`
	}
	return c.ask(ctx, request{method: http.MethodPost, path: "/api/user/registration", authorize: true, tenant: true, json: struct {
		User         newUser      `json:"user"`
		Registration registration `json:"registration"`
	}{newUser{u.Email, string(u.Password), u.FirstName, u.LastName}, registration{c.config.ApplicationID}}})
}

// VerifyEmail verifies an address with the id from a mail (POST /api/user/verify-email). It fails
// with ErrNotFound if the id is not valid, or no longer.
func (c *Client) VerifyEmail(ctx context.Context, verificationID latchkey.Secret) error {
	return c.ask(ctx, request{method: http.MethodPost, path: "/api/user/verify-email", tenant: true, json: map[string]string{"verificationId": string(verificationID)}})
}

// SendVerification makes the server send that mail again (PUT /api/user/verify-email). It fails
// with ErrNotFound if nobody has the address.
func (c *Client) SendVerification(ctx context.Context, email string) error {
	return c.ask(ctx, request{method: http.MethodPut, path: "/api/user/verify-email", authorize: true, tenant: true,
		query: url.Values{"applicationId": {c.config.ApplicationID}, "email": {email}}})
}

// ForgotPassword makes the server send a mail with the id for ResetPassword (POST
// /api/user/forgot-password). It fails with ErrNotFound if nobody has the address.
func (c *Client) ForgotPassword(ctx context.Context, loginID string) error {
	return c.ask(ctx, request{method: http.MethodPost, path: "/api/user/forgot-password", authorize: true, tenant: true, json: struct {
		LoginID       string `json:"loginId"`
		ApplicationID string `json:"applicationId"`
	}{loginID, c.config.ApplicationID}})
}

// ChangePassword sets a user's password on behalf of the application (POST
// /api/user/change-password). It fails with CodePasswordRefused. It makes the user's refresh tokens
// invalid.
func (c *Client) ChangePassword(ctx context.Context, loginID string, current, password latchkey.Secret) error {
	err := c.ask(ctx, request{method: http.MethodPost, path: "/api/user/change-password", authorize: true, tenant: true, json: struct {
		LoginID       string `json:"loginId"`
		Current       string `json:"currentPassword"`
		Password      string `json:"password"`
		ApplicationID string `json:"applicationId"`
	}{loginID, string(current), string(password), c.config.ApplicationID}})
	if errors.Is(err, ErrNotFound) {
		return &latchkey.ProviderError{Code: latchkey.CodeInvalidCredentials}
	}
	return err
}

// PasswordMinLength returns how many characters a password must have in the tenant (GET
// /api/tenant/password-validation-rules).
func (c *Client) PasswordMinLength(ctx context.Context) (int, error) {
	var body struct {
		Rules struct {
			MinLength int `json:"minLength"`
		} `json:"passwordValidationRules"`
	}
	err := c.read(ctx, request{method: http.MethodGet, path: "/api/tenant/password-validation-rules", tenant: true}, &body) // needs no key
	return body.Rules.MinLength, err
}

// ask makes a call whose response says only whether it worked.
func (c *Client) ask(ctx context.Context, r request) error {
	a, err := c.call(ctx, r)
	if err != nil {
		return err
	}
	return c.done(ctx, a)
}
