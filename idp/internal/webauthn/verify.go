package webauthn

import (
	"errors"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
	"github.com/go-webauthn/webauthn/webauthn"
)

var (
	// ErrRelyingParty means that an answer names no valid origin or relying party.
	ErrRelyingParty = errors.New("invalid origin or relying party id")

	// ErrCloned means that a signature counter has not increased: there may be a copy of the
	// passkey.
	ErrCloned = errors.New("the signature counter has not increased: the passkey may have been cloned")
)

// A Response is what a browser answers, and for which page it did so.
type Response struct {
	Origin     string         `json:"origin"`
	RPID       string         `json:"rpId"`
	Credential jsontext.Value `json:"credential"`
}

// relyingParty returns what verifies answers for the page, or ErrRelyingParty.
func (r Response) relyingParty() (*webauthn.WebAuthn, error) {
	rp, err := webauthn.New(&webauthn.Config{RPID: r.RPID, RPDisplayName: "latchkey", RPOrigins: []string{r.Origin}})
	if err != nil || strings.Contains(r.RPID, "\x00") {
		return nil, ErrRelyingParty
	}
	return rp, nil
}

func (r Response) session(challenge string, u User) webauthn.SessionData {
	return webauthn.SessionData{
		Challenge: challenge, RelyingPartyID: r.RPID, UserID: u.Handle, UserVerification: protocol.VerificationRequired,
		CredParams: webauthn.CredentialParametersRecommendedL3(),
	}
}

// A Registration is the answer to [CreationOptions].
type Registration struct {
	Response
	Challenge string
	parsed    *protocol.ParsedCredentialCreationData
}

// ParseRegistration reads an answer, which says nothing yet: see [Registration.Verify].
func ParseRegistration(r Response) (Registration, error) {
	parsed, err := protocol.ParseCredentialCreationResponseBytes(r.Credential)
	if err != nil {
		return Registration{}, err
	}
	return Registration{r, parsed.Response.CollectedClientData.Challenge, parsed}, nil
}

// Verify returns the new passkey of the user to whom the challenge was given. Errors besides
// ErrRelyingParty are for the log.
func (r Registration) Verify(u User) (Credential, error) {
	rp, err := r.relyingParty()
	if err != nil {
		return Credential{}, err
	}
	credential, err := rp.CreateCredential(owner{User: u}, r.session(r.Challenge, u), r.parsed)
	if err != nil {
		return Credential{}, err
	}
	// the library does so at a login only
	if _, err := webauthncose.ParsePublicKey(credential.PublicKey); err != nil {
		return Credential{}, err
	}
	return Credential{*credential}, nil
}

// An Assertion is the answer to [RequestOptions].
type Assertion struct {
	Response
	Challenge string
	parsed    *protocol.ParsedCredentialAssertionData
}

// ParseAssertion reads an answer, which says nothing yet: see [Assertion.Verify].
func ParseAssertion(r Response) (Assertion, error) {
	parsed, err := protocol.ParseCredentialRequestResponseBytes(r.Credential)
	if err != nil {
		return Assertion{}, err
	}
	return Assertion{r, parsed.Response.CollectedClientData.Challenge, parsed}, nil
}

// CheckRelyingParty returns ErrRelyingParty if the answer names no valid origin or relying party.
func (a Assertion) CheckRelyingParty() error {
	_, err := a.relyingParty()
	return err
}

// Verify returns which of the passkeys of a user, at this relying party, has signed the challenge
// that was given to the user, with its new counter. Errors besides ErrRelyingParty are for the log.
func (a Assertion) Verify(u User, passkeys []Credential) (Credential, error) {
	rp, err := a.relyingParty()
	if err != nil {
		return Credential{}, err
	}
	holder := owner{User: u}
	for _, c := range passkeys {
		holder.credentials = append(holder.credentials, c.credential)
	}
	used, err := rp.ValidateLogin(holder, a.session(a.Challenge, u), a.parsed)
	if err != nil {
		return Credential{}, err
	}
	if used.Authenticator.CloneWarning {
		return Credential{}, ErrCloned
	}
	return Credential{*used}, nil
}
