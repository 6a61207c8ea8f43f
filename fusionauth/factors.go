package fusionauth

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/latchkey-dev/latchkey"
)

// A Factor is a second factor that a user has.
type Factor struct {
	ID     string `json:"id"`
	Method string `json:"method"` // "authenticator"
}

// AuthenticatorSecret makes a secret for an authenticator (GET /api/two-factor/secret), in base 32,
// as authenticator apps take it. The server does not keep it.
func (c *Client) AuthenticatorSecret(ctx context.Context) (latchkey.Secret, error) {
	var made struct {
		Secret latchkey.Secret `json:"secretBase32Encoded"`
	}
	err := c.get(ctx, "/api/two-factor/secret", nil, &made)
	return made.Secret, err
}

// EnableAuthenticator makes an authenticator the user's second factor, if the code is one that it
// shows (POST /api/user/two-factor/{id}), and returns the user's recovery codes. It fails with
// CodeInvalidCode.
func (c *Client) EnableAuthenticator(ctx context.Context, userID string, secret, code latchkey.Secret) (recovery []string, err error) {
	var made struct {
		RecoveryCodes []string `json:"recoveryCodes"`
	}
	err = c.read(ctx, request{method: http.MethodPost, path: "/api/user/two-factor/" + url.PathEscape(userID), authorize: true, tenant: true, json: struct {
		ApplicationID string `json:"applicationId"`
		Code          string `json:"code"`
		Method        string `json:"method"`
		Secret        string `json:"secretBase32Encoded"`
	}{c.config.ApplicationID, typedCode(code), "authenticator", string(secret)}}, &made)
	return made.RecoveryCodes, err
}

// DisableFactor removes a second factor, if the code is right (DELETE /api/user/two-factor/{id}).
// It fails with CodeInvalidCode.
func (c *Client) DisableFactor(ctx context.Context, userID, methodID string, code latchkey.Secret) error {
	return c.ask(ctx, request{method: http.MethodDelete, path: "/api/user/two-factor/" + url.PathEscape(userID), authorize: true, tenant: true, json: struct {
		ApplicationID string `json:"applicationId"`
		Code          string `json:"code"`
		MethodID      string `json:"methodId"`
	}{c.config.ApplicationID, typedCode(code), methodID}})
}

// DropFactor removes a second factor without a code of it: with a recovery code that it makes for
// that purpose.
func (c *Client) DropFactor(ctx context.Context, userID, methodID string) error {
	codes, err := c.RecoveryCodes(ctx, userID)
	if err == nil && len(codes) == 0 {
		err = errors.New("POST /api/user/two-factor/recovery-code: no codes")
	}
	if err != nil {
		return err
	}
	return c.DisableFactor(ctx, userID, methodID, latchkey.Secret(codes[0]))
}

// RecoveryCodes makes new recovery codes for a user (POST /api/user/two-factor/recovery-code/{id}),
// and makes the old ones invalid.
func (c *Client) RecoveryCodes(ctx context.Context, userID string) (codes []string, err error) {
	var made struct {
		RecoveryCodes []string `json:"recoveryCodes"`
	}
	err = c.read(ctx, request{method: http.MethodPost, path: "/api/user/two-factor/recovery-code/" + url.PathEscape(userID), authorize: true, tenant: true}, &made)
	return made.RecoveryCodes, err
}

func (c *Client) get(ctx context.Context, path string, query url.Values, into any) error {
	return c.read(ctx, request{method: http.MethodGet, path: path, query: query, authorize: true, tenant: true}, into)
}

// read makes a call and decodes a 200.
func (c *Client) read(ctx context.Context, r request, into any) error {
	a, err := c.call(ctx, r)
	if err == nil {
		err = c.done(ctx, a)
	}
	if err != nil {
		return err
	}
	return a.decode(into)
}
