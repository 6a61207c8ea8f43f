package webauthn

import (
	"encoding/base64"
	"encoding/json" // go-webauthn's types say how they are encoded by it
	"fmt"

	"github.com/go-webauthn/webauthn/webauthn"
)

// A Credential is the public key of a passkey, with its signature counter.
type Credential struct{ credential webauthn.Credential }

// ParseCredential reads what [Credential.Encode] wrote.
func ParseCredential(text []byte) (Credential, error) {
	var c Credential
	err := json.Unmarshal(text, &c.credential)
	return c, err
}

// Encode returns the form that is stored.
func (c Credential) Encode() (string, error) {
	text, err := json.Marshal(c.credential)
	if err != nil {
		return "", fmt.Errorf("encode passkey: %w", err)
	}
	return string(text), nil
}

// ID returns the id of the credential, in base64url.
func (c Credential) ID() string { return base64.RawURLEncoding.EncodeToString(c.credential.ID) }

// SignCount returns the signature counter, which is 0 for most passkeys.
func (c Credential) SignCount() uint32 { return c.credential.Authenticator.SignCount }

// owner is a user as go-webauthn sees one.
type owner struct {
	User
	credentials []webauthn.Credential
}

func (o owner) WebAuthnID() []byte                         { return o.Handle }
func (o owner) WebAuthnName() string                       { return o.Name }
func (o owner) WebAuthnDisplayName() string                { return o.Name }
func (o owner) WebAuthnCredentials() []webauthn.Credential { return o.credentials }
