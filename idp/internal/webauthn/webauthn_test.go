package webauthn_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/descope/virtualwebauthn"

	"github.com/latchkey-dev/latchkey/idp/internal/webauthn"
	"github.com/latchkey-dev/latchkey/internal/passkeytest"
)

var (
	page = virtualwebauthn.RelyingParty{ID: "store.localhost", Name: "Store", Origin: "http://store.localhost:8080"}
	ada  = webauthn.User{Handle: []byte("0123456789abcdef"), Name: "ada@example.com"}
)

// device is an authenticator with one passkey.
type device struct {
	authenticator virtualwebauthn.Authenticator
	key           virtualwebauthn.Credential
}

func newDevice() *device {
	return &device{virtualwebauthn.NewAuthenticator(), passkeytest.NewKey()}
}

func text(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// register answers options for ada.
func (d *device) register(t *testing.T, challenge string) webauthn.Registration {
	t.Helper()
	options, err := virtualwebauthn.ParseAttestationOptions(text(t, webauthn.NewCreationOptions(challenge, "latchkey", ada, nil)))
	if err != nil {
		t.Fatal(err)
	}
	d.authenticator.Options.UserHandle = ada.Handle
	answer := virtualwebauthn.CreateAttestationResponse(page, d.authenticator, d.key, *options)
	r, err := webauthn.ParseRegistration(webauthn.Response{Origin: page.Origin, RPID: page.ID, Credential: []byte(answer)})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (d *device) registered(t *testing.T) webauthn.Credential {
	t.Helper()
	c, err := d.register(t, webauthn.NewChallenge()).Verify(ada)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// sign answers options for a login by a credential.
func (d *device) sign(t *testing.T, challenge string, c webauthn.Credential) webauthn.Assertion {
	t.Helper()
	options, err := virtualwebauthn.ParseAssertionOptions(text(t, webauthn.NewRequestOptions(challenge, []string{c.ID()})))
	if err != nil {
		t.Fatal(err)
	}
	answer := virtualwebauthn.CreateAssertionResponse(page, d.authenticator, d.key, *options)
	a, err := webauthn.ParseAssertion(webauthn.Response{Origin: page.Origin, RPID: page.ID, Credential: []byte(answer)})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestVerify_ceremonies(t *testing.T) {
	d := newDevice()
	challenge := webauthn.NewChallenge()
	registration := d.register(t, challenge)
	if registration.Challenge != challenge {
		t.Errorf("registered for %q, want %q", registration.Challenge, challenge)
	}
	credential, err := registration.Verify(ada)
	if err != nil {
		t.Fatal(err)
	}
	stored, err := credential.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if credential, err = webauthn.ParseCredential([]byte(stored)); err != nil {
		t.Fatal(err)
	}
	d.key.Counter = 5
	challenge = webauthn.NewChallenge()
	assertion := d.sign(t, challenge, credential)
	used, err := assertion.Verify(ada, []webauthn.Credential{credential})
	if err != nil || used.ID() != credential.ID() || used.SignCount() != 5 || assertion.Challenge != challenge {
		t.Fatalf("%v", err)
	}
	d.key.Counter = 4
	if _, err := d.sign(t, challenge, credential).Verify(ada, []webauthn.Credential{used}); !errors.Is(err, webauthn.ErrCloned) {
		t.Errorf("a counter that goes back: %v", err)
	}
}

// attempt is a login that is right but for what a test changes.
type attempt struct {
	webauthn.Assertion
	user     webauthn.User
	passkeys []webauthn.Credential
}

func TestVerify_refuses(t *testing.T) {
	d, other := newDevice(), newDevice()
	credential, others := d.registered(t), other.registered(t)
	for name, change := range map[string]func(*attempt){
		"another page":         func(a *attempt) { a.Origin = "https://evil.example.com" },
		"another site":         func(a *attempt) { a.RPID = "example.com" },
		"another challenge":    func(a *attempt) { a.Challenge = webauthn.NewChallenge() },
		"another user":         func(a *attempt) { a.user.Handle = []byte("fedcba9876543210") },
		"an unknown passkey":   func(a *attempt) { a.passkeys = []webauthn.Credential{others} },
		"without any passkeys": func(a *attempt) { a.passkeys = nil },
	} {
		a := attempt{d.sign(t, webauthn.NewChallenge(), credential), ada, []webauthn.Credential{credential}}
		change(&a)
		if _, err := a.Verify(a.user, a.passkeys); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestVerify_relyingParty(t *testing.T) {
	d := newDevice()
	a := d.sign(t, webauthn.NewChallenge(), d.registered(t))
	for _, c := range []struct{ origin, id string }{{page.Origin, "a\x00b"}, {page.Origin, "https://store.localhost"}} {
		a.Origin, a.RPID = c.origin, c.id
		if err := a.CheckRelyingParty(); !errors.Is(err, webauthn.ErrRelyingParty) {
			t.Errorf("%q at %q: %v", c.id, c.origin, err)
		}
	}
}

func TestIsChallenge(t *testing.T) {
	if c := webauthn.NewChallenge(); !webauthn.IsChallenge(c) || c == webauthn.NewChallenge() {
		t.Errorf("%q", c)
	}
	for _, text := range []string{"", "abc", "\x00", webauthn.NewChallenge() + "A"} {
		if webauthn.IsChallenge(text) {
			t.Errorf("%q is one", text)
		}
	}
}
