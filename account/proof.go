package account

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/fusionauth"
	"github.com/latchkey-dev/latchkey/internal/wire"
)

// A proof is what who is logged in shows again, for this one request: the password, or a passkey's answer to the options of a login.
// Whoever finds an open browser must not be able to keep the account.
type proof struct {
	password string
	passkey  json.RawMessage
}

// readProved reads a body that holds a proof, and checks that.
func (h *Handler) readProved(w http.ResponseWriter, r *http.Request, others wire.Fields) error {
	_, err := h.readProof(w, r, others, new(string))
	return err
}

// readProvedFully is for what would get round the second factor: beside a password it wants a code, where a login does. A passkey is two factors in one.
func (h *Handler) readProvedFully(w http.ResponseWriter, r *http.Request, others wire.Fields) error {
	var code string
	others["code"] = wire.Optional{Target: &code}
	who, err := h.readProof(w, r, others, &code)
	if err == nil && who.CodeDue {
		err = wire.Of(wire.CodeTwoFactorRequired)
	}
	return err
}

// readProof reads the code with the rest: it is there when the body has been read.
func (h *Handler) readProof(w http.ResponseWriter, r *http.Request, others wire.Fields, code *string) (who proven, err error) {
	var p proof
	others["password"] = wire.Optional{Target: &p.password}
	others["passkey"] = wire.Optional{Target: &p.passkey}
	if err := wire.Read(w, r, maxBody, others); err != nil {
		return who, err
	}
	if (p.password == "") == (p.passkey == nil) {
		return who, wire.BadRequest("want a password or a passkey")
	}
	if p.passkey != nil {
		return who, h.provePasskey(r, p.passkey)
	}
	return h.prove(r, latchkey.Secret(p.password), latchkey.Secret(*code))
}

// A proven is who is logged in and has shown it again.
type proven struct {
	fusionauth.Proof
	loginID  string // as it is now
	verified bool   // the address
}

// prove checks the password, and a code where there is one, of who is logged in (and of nobody else, although they be good: an address may have gone to somebody
// else since this session began).
func (h *Handler) prove(r *http.Request, password, code latchkey.Secret) (proven, error) {
	session, _ := latchkey.From(r.Context())
	if err := h.guess(session.User.ID); err != nil {
		return proven{}, err
	}
	if password == "" { // which the provider would not look at
		return proven{}, wire.Of(wire.CodeInvalidCredentials)
	}
	now, err := h.Client.Account(r.Context(), session.User.ID)
	if err != nil {
		return proven{}, nobody(err)
	}
	shown, err := h.Client.CheckPassword(r.Context(), latchkey.Credentials{LoginID: now.LoginID, Password: password, Code: code, Device: h.device(r)})
	if err == nil && shown.UserID != session.User.ID {
		err = wire.Of(wire.CodeInvalidCredentials)
	}
	if err == nil && !shown.CodeDue { // who knows the password alone must not buy guesses at the code with it
		h.guesses.Refill(session.User.ID)
	}
	return proven{shown, now.LoginID, now.Verified}, nobody(err)
}

// nobody is the error about a user who has been deleted.
func nobody(err error) error {
	if errors.Is(err, fusionauth.ErrNotFound) {
		return wire.Of(wire.CodeInvalidCredentials)
	}
	return err
}

// provePasskey checks that a passkey is one of who is logged in (and of nobody else, although the key be good).
func (h *Handler) provePasskey(r *http.Request, credential json.RawMessage) error {
	session, _ := latchkey.From(r.Context())
	userID, err := h.Client.CheckPasskey(r.Context(), h.answerOf(credential), h.device(r))
	if isRefused(err) || err == nil && userID != session.User.ID {
		return wire.Of(wire.CodePasskeyRefused)
	}
	return err
}
