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
	return h.check(r, p)
}

func (h *Handler) check(r *http.Request, p proof) error {
	if (p.password == "") == (p.passkey == nil) {
		return wire.BadRequest("want a password or a passkey")
	}
	if p.passkey != nil {
		return h.provePasskey(r, p.passkey)
	}
	_, err := h.prove(r, latchkey.Secret(p.password), "")
	return err
}

// A proven is who is logged in and has shown it again.
type proven struct {
	fusionauth.Proof
	loginID string // as it is now
}

// prove checks the password, and a code where there is one, of who is logged in (and of nobody else, although they be good: an address may have gone to somebody
// else since this session began).
func (h *Handler) prove(r *http.Request, password, code latchkey.Secret) (proven, error) {
	session, _ := latchkey.From(r.Context())
	if err := h.guesses.take(session.User.ID, h.Now()); err != nil {
		return proven{}, err
	}
	now, err := h.Client.Account(r.Context(), session.User.ID)
	if err != nil {
		return proven{}, nobody(err)
	}
	shown, err := h.Client.CheckPassword(r.Context(), latchkey.Credentials{LoginID: now.LoginID, Password: password, Code: code, Device: h.device(r)})
	if err == nil && shown.UserID != session.User.ID {
		err = invalidCredentials
	}
	return proven{shown, now.LoginID}, nobody(err)
}

// nobody is the error about a user who has been deleted.
func nobody(err error) error {
	if errors.Is(err, fusionauth.ErrNotFound) {
		return invalidCredentials
	}
	return err
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
