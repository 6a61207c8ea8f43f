package account

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/fusionauth"
	"github.com/latchkey-dev/latchkey/internal/wire"
)

// A proof is what a logged-in user shows again, for one request: the password, or a passkey's
// answer to the options of a login. A stranger who finds an open browser must not be able to take
// over the account.
type proof struct {
	password string
	passkey  json.RawMessage
}

// readProved reads a body that holds a proof, and checks the proof.
func (h *Handler) readProved(w http.ResponseWriter, r *http.Request, others wire.Fields) error {
	p, err := readProof(w, r, others)
	if err != nil {
		return err
	}
	_, err = h.check(r, p, "")
	return err
}

// readProvedFully is for what could bypass the second factor: besides a password it needs a code,
// if a login does. A passkey is two factors in one.
func (h *Handler) readProvedFully(w http.ResponseWriter, r *http.Request, others wire.Fields) error {
	var code string
	others["code"] = wire.Optional{Target: &code}
	p, err := readProof(w, r, others)
	if err != nil {
		return err
	}
	who, err := h.check(r, p, latchkey.Secret(code))
	if err != nil {
		return err
	}
	if who.CodeDue {
		return wire.Of(wire.CodeTwoFactorRequired)
	}
	return nil
}

func readProof(w http.ResponseWriter, r *http.Request, others wire.Fields) (p proof, err error) {
	others["password"] = wire.Optional{Target: &p.password}
	others["passkey"] = wire.Optional{Target: &p.passkey}
	if err := wire.Read(w, r, maxBody, others); err != nil {
		return proof{}, err
	}
	if (p.password == "") == (p.passkey == nil) {
		return proof{}, wire.BadRequest("want a password or a passkey")
	}
	return p, nil
}

func (h *Handler) check(r *http.Request, p proof, code latchkey.Secret) (proven, error) {
	if p.passkey != nil {
		return proven{}, h.provePasskey(r, p.passkey)
	}
	return h.prove(r, latchkey.Secret(p.password), code)
}

// A proven is the logged-in user, whose proof was right.
type proven struct {
	fusionauth.Proof
	loginID  string // as it is now
	verified bool   // the address
}

// prove checks the password, and a code if there is one, of the user who is logged in, and of no
// other user: an address may have gone to somebody else since this session began.
func (h *Handler) prove(r *http.Request, password, code latchkey.Secret) (proven, error) {
	session, _ := latchkey.From(r.Context())
	if err := h.guess(session.User.ID); err != nil {
		return proven{}, err
	}
	if password == "" { // which the provider would not check
		return proven{}, wire.Of(wire.CodeInvalidCredentials)
	}
	now, err := h.config.Client.Account(r.Context(), session.User.ID)
	if err != nil {
		return proven{}, deletedUser(err)
	}
	shown, err := h.config.Client.CheckPassword(r.Context(), latchkey.Credentials{LoginID: now.LoginID, Password: password, Code: code, Device: h.device(r)})
	if err != nil {
		return proven{}, deletedUser(err)
	}
	if shown.UserID != session.User.ID {
		return proven{}, wire.Of(wire.CodeInvalidCredentials)
	}
	if !shown.CodeDue { // a password alone must not allow more guesses at the code
		h.guesses.Refill(session.User.ID)
	}
	return proven{shown, now.LoginID, now.Verified}, nil
}

// deletedUser is the error about a user who has been deleted.
func deletedUser(err error) error {
	if errors.Is(err, fusionauth.ErrNotFound) {
		return wire.Of(wire.CodeInvalidCredentials)
	}
	return err
}

// provePasskey checks that a passkey is one of the user who is logged in, and of no other user.
func (h *Handler) provePasskey(r *http.Request, credential json.RawMessage) error {
	session, _ := latchkey.From(r.Context())
	userID, err := h.config.Client.CheckPasskey(r.Context(), h.answerOf(credential), h.device(r))
	if isRefused(err) {
		return wire.Of(wire.CodePasskeyRefused)
	}
	if err != nil {
		return err
	}
	if userID != session.User.ID {
		return wire.Of(wire.CodePasskeyRefused)
	}
	return nil
}
