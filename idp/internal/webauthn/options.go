// Package webauthn makes the options of passkey ceremonies and verifies what browsers answer (Web
// Authentication Level 3). What it needs of the database is passed to it.
package webauthn

import (
	"crypto/rand"
	"encoding/base64"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
)

// Timeout is how long a ceremony may take, and FusionAuth's default.
const Timeout = 3 * time.Minute

const challengeSize = 32 // bytes

// NewChallenge returns a random challenge, in base64url.
func NewChallenge() string {
	raw := make([]byte, challengeSize)
	rand.Read(raw) // never fails
	return base64.RawURLEncoding.EncodeToString(raw)
}

// IsChallenge reports whether [NewChallenge] may have returned a text. A database need not accept
// any other.
func IsChallenge(text string) bool {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	return err == nil && len(raw) == challengeSize
}

// A User is one as authenticators know them.
type User struct {
	Handle []byte // nil: no user
	Name   string
}

// CreationOptions are PublicKeyCredentialCreationOptions in JSON (§5.1.9). The relying party has no
// id here: it is the host of the page, whichever application's that is.
type CreationOptions struct {
	Challenge    string                         `json:"challenge"`
	RelyingParty relyingParty                   `json:"rp"`
	User         userEntity                     `json:"user"`
	Parameters   []protocol.CredentialParameter `json:"pubKeyCredParams"`
	Timeout      int64                          `json:"timeout"`
	Exclude      []descriptor                   `json:"excludeCredentials"`
	Selection    selection                      `json:"authenticatorSelection"`
	Attestation  string                         `json:"attestation"`
}

type relyingParty struct {
	Name string `json:"name"`
}

type userEntity struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	DisplayName string `json:"displayName"`
}

type selection struct {
	ResidentKey        string `json:"residentKey"`
	RequireResidentKey bool   `json:"requireResidentKey"`
	UserVerification   string `json:"userVerification"`
}

type descriptor struct {
	ID   string `json:"id"`
	Type string `json:"type"`
}

// NewCreationOptions returns the options for a user who registers a passkey, besides those with the
// ids of exclude.
func NewCreationOptions(challenge, relyingPartyName string, u User, exclude []string) CreationOptions {
	return CreationOptions{
		Challenge:    challenge,
		RelyingParty: relyingParty{relyingPartyName},
		User:         userEntity{ID: base64.RawURLEncoding.EncodeToString(u.Handle), Name: u.Name, DisplayName: u.Name},
		Parameters:   webauthn.CredentialParametersRecommendedL3(),
		Timeout:      Timeout.Milliseconds(),
		Exclude:      descriptors(exclude),
		Selection:    selection{"required", true, "required"},
		Attestation:  "none",
	}
}

// RequestOptions are PublicKeyCredentialRequestOptions in JSON (§5.5).
type RequestOptions struct {
	Challenge        string       `json:"challenge"`
	Timeout          int64        `json:"timeout"`
	Allow            []descriptor `json:"allowCredentials"`
	UserVerification string       `json:"userVerification"`
}

// NewRequestOptions returns the options for a login by one of the passkeys with these ids.
func NewRequestOptions(challenge string, allow []string) RequestOptions {
	return RequestOptions{Challenge: challenge, Timeout: Timeout.Milliseconds(), Allow: descriptors(allow), UserVerification: "required"}
}

func descriptors(ids []string) []descriptor {
	all := []descriptor{}
	for _, id := range ids {
		all = append(all, descriptor{id, "public-key"})
	}
	return all
}
