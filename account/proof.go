package account

import (
	"encoding/json"
	"net/http"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/internal/wire"
)

// A proof is what who is logged in shows again, for this one request: the password, or a passkey's answer to the options of a login.
// Whoever finds an open browser must not be able to keep the account.
type proof struct {
	password string
	passkey  json.RawMessage
}

// with are the fields of a body that holds a proof beside others.
func (p *proof) with(others wire.Fields) wire.Fields {
	others["password"] = wire.Optional{Target: &p.password}
	others["passkey"] = wire.Optional{Target: &p.passkey}
	return others
}

// readProved reads a body that holds a proof, and checks that.
func (h *Handler) readProved(w http.ResponseWriter, r *http.Request, others wire.Fields) error {
	var p proof
	if err := wire.Read(w, r, maxBody, p.with(others)); err != nil {
		return err
	}
	if (p.password == "") == (p.passkey == nil) {
		return wire.BadRequest("want a password or a passkey")
	}
	if p.passkey != nil {
		return h.provePasskey(r, p.passkey)
	}
	return h.prove(r, latchkey.Secret(p.password))
}

// prove checks the password of who is logged in.
func (h *Handler) prove(r *http.Request, password latchkey.Secret) error {
	session, _ := latchkey.From(r.Context())
	if err := h.guesses.take(session.User.ID, h.Now()); err != nil {
		return err
	}
	return h.Client.CheckPassword(r.Context(), loginID(session.User), password, h.device(r))
}

// provePasskey checks that a passkey is one of who is logged in (and of nobody else, although the key be good).
func (h *Handler) provePasskey(r *http.Request, credential json.RawMessage) error {
	session, _ := latchkey.From(r.Context())
	userID, err := h.Client.CheckPasskey(r.Context(), h.answerOf(credential), h.device(r))
	if isRefused(err) || err == nil && userID != session.User.ID {
		return passkeyRefused
	}
	return err
}
