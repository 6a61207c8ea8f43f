package account_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/descope/virtualwebauthn"

	"github.com/latchkey-dev/latchkey/account"
	"github.com/latchkey-dev/latchkey/idp/idptest"
	"github.com/latchkey-dev/latchkey/internal/passkeytest"
)

// device is an authenticator that holds a passkey for the user ada at the app's page.
type device struct {
	virtualwebauthn.Authenticator
	rp  virtualwebauthn.RelyingParty
	key virtualwebauthn.Credential
}

func (w *world) device() *device {
	host := strings.TrimPrefix(w.url, "https://")
	d := &device{virtualwebauthn.NewAuthenticator(), virtualwebauthn.RelyingParty{ID: host, Name: "Shop", Origin: w.url}, passkeytest.NewKey()}
	return d
}

func options(r reply) string {
	r.t.Helper()
	text, err := json.Marshal(r.body["options"])
	if err != nil || r.body["options"] == nil {
		r.t.Fatalf("no options: %v", r.body)
	}
	return string(text)
}

// create answers the options for a new key.
func (d *device) create(t *testing.T, asked reply) json.RawMessage {
	t.Helper()
	o, err := virtualwebauthn.ParseAttestationOptions(options(asked))
	if err != nil {
		t.Fatal(err)
	}
	d.Options.UserHandle = []byte(o.UserID)
	return json.RawMessage(virtualwebauthn.CreateAttestationResponse(d.rp, d.Authenticator, d.key, *o))
}

// get signs the challenge of a login.
func (d *device) get(t *testing.T, asked reply) json.RawMessage {
	t.Helper()
	o, err := virtualwebauthn.ParseAssertionOptions(options(asked))
	if err != nil {
		t.Fatal(err)
	}
	d.key.Counter++
	return json.RawMessage(virtualwebauthn.CreateAssertionResponse(d.rp, d.Authenticator, d.key, *o))
}

func (b *browser) addPasskey(d *device) {
	b.w.Helper()
	asked := b.post("/api/passkeys/options", object{"password": idptest.Password, "name": "Ada's phone"}).want(200, "")
	b.post("/api/passkeys", object{"credential": d.create(b.w.T, asked)}).want(204, "")
}

func (b *browser) askPasskey() reply {
	b.w.Helper()
	return b.post("/api/passkey-login/options", object{"email": ada}).want(200, "")
}

func TestPasskey(t *testing.T) {
	w := newWorld(t, account.RegistrationClosed)
	b, d := w.browser(), w.device()
	b.login(nil).want(200, "")
	b.post("/api/passkeys/options", object{"password": "wrong", "name": "x"}).want(401, "invalid_credentials")
	b.addPasskey(d)
	keys, _ := b.send("GET", "/api/factors", nil).want(200, "").body["passkeys"].([]any)
	if len(keys) != 1 || keys[0].(map[string]any)["name"] != "Ada's phone" {
		t.Fatalf("passkeys %v", keys)
	}

	other := w.browser()
	answer := object{"credential": d.get(t, other.askPasskey())}
	other.post("/api/passkey-login", answer).want(200, "")
	other.send("GET", "/api/private", nil).want(200, "")
	w.browser().post("/api/passkey-login", answer).want(401, "passkey_refused") // a challenge is valid once

	id := keys[0].(map[string]any)["id"].(string)
	bob := w.provider.AddUser("bob@example.com", w.application.ID)
	stranger := w.browser()
	stranger.login(object{"email": bob.Email}).want(200, "")
	remove := "/api/passkeys/" + id + "/remove"
	stranger.post(remove, object{"password": idptest.Password}).want(404, "not_found")
	b.post(remove, object{}).want(400, "bad_request")
	b.post(remove, object{"password": "wrong"}).want(401, "invalid_credentials")
	b.send("DELETE", "/api/passkeys/"+id, nil).want(404, "not_found") // no way without a proof
	b.post(remove, object{"password": idptest.Password}).want(204, "")
	b.post(remove, object{"password": idptest.Password}).want(404, "not_found")
	w.browser().post("/api/passkey-login", object{"credential": d.get(t, w.browser().askPasskey())}).want(401, "passkey_refused")
}

// A passkey is two factors in one.
func TestPasskeySparesCode(t *testing.T) {
	w := newWorld(t, account.RegistrationClosed)
	b, d := w.browser(), w.device()
	b.login(nil).want(200, "")
	b.addPasskey(d)
	secret, _ := b.enroll()
	w.browser().login(nil).want(409, "two_factor_required")
	other := w.browser()
	other.post("/api/passkey-login", object{"credential": d.get(t, other.askPasskey())}).want(200, "")

	// So a code is needed to add the first passkey, but not for another one.
	more := object{"password": idptest.Password, "name": "another"}
	b.post("/api/passkeys/options", more).want(409, "two_factor_required")
	w.pass(5 * time.Minute) // few guesses at the password are allowed
	more["code"] = "000000"
	b.post("/api/passkeys/options", more).want(401, "invalid_code")
	more["code"] = w.code(secret)
	b.post("/api/passkeys/options", more).want(200, "")
	b.post("/api/passkeys/options", object{"passkey": d.get(t, b.askPasskey()), "name": "another"}).want(200, "")
}

func TestPasskeyRefused(t *testing.T) {
	w := newWorld(t, account.RegistrationClosed)
	b, d := w.browser(), w.device()
	b.login(nil).want(200, "")

	asked := b.post("/api/passkeys/options", object{"password": idptest.Password, "name": "x"}).want(200, "")
	elsewhere := *d
	elsewhere.rp.Origin = "https://evil.example"
	b.post("/api/passkeys", object{"credential": elsewhere.create(t, asked)}).want(401, "passkey_refused")
	b.post("/api/passkeys", object{"credential": d.create(t, asked)}).want(401, "passkey_refused") // the challenge is used up
	b.post("/api/passkeys", object{"credential": object{"id": "x"}}).want(401, "passkey_refused")
	b.addPasskey(d)
	asked = b.post("/api/passkeys/options", object{"password": idptest.Password, "name": "x"}).want(200, "")
	b.post("/api/passkeys", object{"credential": d.create(t, asked)}).want(401, "passkey_refused") // it is registered

	for name, change := range map[string]func(*device){
		"another page":       func(d *device) { d.rp.Origin = "https://evil.example" },
		"another host":       func(d *device) { d.rp.ID = "evil.example" },
		"another key":        func(d *device) { d.key.Key = passkeytest.NewKey().Key },
		"nobody verified":    func(d *device) { d.Options.UserNotVerified = true },
		"nobody was present": func(d *device) { d.Options.UserNotPresent = true },
	} {
		bad := *d
		change(&bad)
		other := w.browser()
		if got := other.post("/api/passkey-login", object{"credential": bad.get(t, other.askPasskey())}); got.text("code") != "passkey_refused" {
			t.Errorf("%s: %d %v", name, got.status, got.body)
		}
	}
}

// A stranger does not learn who has a passkey, or an account.
func TestPasskeyTellsNothing(t *testing.T) {
	w := newWorld(t, account.RegistrationClosed)
	b, d := w.browser(), w.device()
	b.login(nil).want(200, "")
	b.addPasskey(d)
	shape := func(email string) string {
		o := w.browser().post("/api/passkey-login/options", object{"email": email}).want(200, "").body["options"].(map[string]any)
		challenge, _ := o["challenge"].(string)
		o["challenge"] = len(challenge)
		text, _ := json.Marshal(o)
		return string(text)
	}
	if with, without := shape(ada), shape("nobody@example.com"); with != without {
		t.Errorf("%s\nand for nobody %s", with, without)
	}
}

// MFA-01, MFA-03: a passkey can replace the password as a proof, once, and only one of the user's
// own.
func TestMFA01_PasskeyAsProof(t *testing.T) {
	w := newWorld(t, account.RegistrationClosed)
	b, d := w.browser(), w.device()
	b.login(nil).want(200, "")
	b.addPasskey(d)
	tokens := w.refreshTokens()

	proof := d.get(t, b.askPasskey())
	secret := b.post("/api/authenticator/secret", nil).want(200, "").text("secret")
	enable := object{"passkey": proof, "secret": secret, "code": w.code(secret)}
	b.post("/api/authenticator", object{"secret": secret, "code": w.code(secret)}).want(400, "bad_request")
	b.post("/api/authenticator", object{"password": idptest.Password, "passkey": proof, "secret": secret, "code": w.code(secret)}).want(400, "bad_request")
	b.post("/api/authenticator", enable).want(200, "")
	b.post("/api/recovery-codes", object{"passkey": proof}).want(401, "passkey_refused") // it was valid for one request
	b.post("/api/recovery-codes", object{"passkey": d.get(t, b.askPasskey())}).want(200, "")
	if n := w.refreshTokens(); n != tokens {
		t.Errorf("%d refresh tokens, want the %d from before: a proof is no login", n, tokens)
	}

	bob := w.provider.AddUser("bob@example.com", w.application.ID)
	stranger := w.browser()
	stranger.login(object{"email": bob.Email}).want(200, "")
	stranger.post("/api/passkeys/options", object{"passkey": d.get(t, b.askPasskey()), "name": "mine"}).want(401, "passkey_refused")
}
