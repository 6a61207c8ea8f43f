package fusionauth

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/latchkey-dev/latchkey"
)

// A Passkey is a key on a device of the user (W3C Web Authentication).
type Passkey struct {
	ID          string `json:"id"`
	UserID      string `json:"userId"`
	Name        string `json:"displayName"`
	CreatedAt   int64  `json:"insertInstant"`  // Unix milliseconds
	LastUsedAt  int64  `json:"lastUseInstant"` // Unix milliseconds
	RelyingPart string `json:"relyingPartyId"`
}

// A PasskeyAnswer is a browser's answer to the options that it was given, and the page for which it
// answered.
type PasskeyAnswer struct {
	Origin     string          `json:"origin"`
	RPID       string          `json:"rpId"`
	Credential json.RawMessage `json:"credential"` // navigator.credentials' PublicKeyCredential as JSON
}

// Passkeys lists a user's passkeys (GET /api/webauthn).
func (c *Client) Passkeys(ctx context.Context, userID string) ([]Passkey, error) {
	var found struct {
		Credentials []Passkey `json:"credentials"`
	}
	err := c.get(ctx, "/api/webauthn", url.Values{"userId": {userID}}, &found)
	return found.Credentials, err
}

// DeletePasskey deletes a passkey (DELETE /api/webauthn/{id}) of any user.
func (c *Client) DeletePasskey(ctx context.Context, id string) error {
	return c.ask(ctx, request{method: http.MethodDelete, path: "/api/webauthn/" + url.PathEscape(id), authorize: true, tenant: true})
}

// DeletePasskeys deletes all passkeys of a user (DELETE /api/webauthn).
func (c *Client) DeletePasskeys(ctx context.Context, userID string) error {
	return c.ask(ctx, request{method: http.MethodDelete, path: "/api/webauthn", query: url.Values{"userId": {userID}}, authorize: true, tenant: true})
}

// StartPasskey returns the options with which a browser makes a key (POST
// /api/webauthn/register/start).
func (c *Client) StartPasskey(ctx context.Context, userID, name, userAgent string) (options json.RawMessage, err error) {
	return c.options(ctx, "/api/webauthn/register/start", true, struct {
		UserID      string `json:"userId"`
		DisplayName string `json:"displayName"`
		UserAgent   string `json:"userAgent,omitempty"`
		Workflow    string `json:"workflow"`
	}{userID, name, userAgent, "bootstrap"})
}

// AddPasskey stores the key that the browser has made (POST /api/webauthn/register/complete).
func (c *Client) AddPasskey(ctx context.Context, userID string, made PasskeyAnswer) error {
	return c.ask(ctx, request{method: http.MethodPost, path: "/api/webauthn/register/complete", authorize: true, tenant: true, json: struct {
		UserID string `json:"userId"`
		PasskeyAnswer
	}{userID, made}})
}

// StartPasskeyLogin returns the options with which a browser uses a user's key (POST
// /api/webauthn/start). It fails with ErrNotFound if the user has none, or does not exist.
func (c *Client) StartPasskeyLogin(ctx context.Context, loginID string) (options json.RawMessage, err error) {
	return c.options(ctx, "/api/webauthn/start", true, struct {
		ApplicationID string `json:"applicationId"`
		LoginID       string `json:"loginId"`
		Workflow      string `json:"workflow"`
	}{c.config.ApplicationID, loginID, "bootstrap"})
}

// PasskeyLogin logs a user in with what a browser has signed (POST /api/webauthn/login). It fails
// like Login.
func (c *Client) PasskeyLogin(ctx context.Context, signed PasskeyAnswer, device latchkey.Device) (latchkey.Grant, error) {
	a, err := c.passkeyLogin(ctx, signed, device, false)
	if err != nil {
		return latchkey.Grant{}, err
	}
	grant, err := c.grant(ctx, a, device)
	if err != nil {
		return latchkey.Grant{}, err
	}
	grant.AuthMethods = byPasskey
	return grant, nil
}

// CheckPasskey returns the id of the user whose passkey has signed, without a login (POST
// /api/webauthn/login with noJWT). It fails like PasskeyLogin.
func (c *Client) CheckPasskey(ctx context.Context, signed PasskeyAnswer, device latchkey.Device) (userID string, err error) {
	a, err := c.passkeyLogin(ctx, signed, device, true)
	if err != nil {
		return "", err
	}
	if a.status != http.StatusOK {
		return "", c.loginRefused(a)
	}
	var body struct {
		User struct {
			ID string `json:"id"`
		} `json:"user"`
	}
	if err := a.decode(&body); err != nil || body.User.ID == "" {
		return "", a.unexpected()
	}
	return body.User.ID, nil
}

func (c *Client) passkeyLogin(ctx context.Context, signed PasskeyAnswer, device latchkey.Device, noJWT bool) (answer, error) {
	a, err := c.call(ctx, request{method: http.MethodPost, path: "/api/webauthn/login", authorize: true, tenant: true, ip: device.IP, json: struct {
		PasskeyAnswer
		NoJWT bool `json:"noJWT,omitempty"`
		visit
	}{signed, noJWT, c.visit(device)}})
	if err == nil && a.status == http.StatusBadRequest && len(a.apiErrors().GeneralErrors)+len(a.apiErrors().FieldErrors) > 0 {
		return a, &latchkey.ProviderError{Code: latchkey.CodeInvalidCredentials, Err: a.unexpected()}
	}
	return a, err
}

func (c *Client) options(ctx context.Context, path string, authorize bool, body any) (json.RawMessage, error) {
	var made struct {
		Options json.RawMessage `json:"options"`
	}
	err := c.read(ctx, request{method: http.MethodPost, path: path, authorize: authorize, tenant: true, json: body}, &made)
	return made.Options, err
}
