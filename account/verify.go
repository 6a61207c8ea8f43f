package account

import (
	"net/http"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/fusionauth"
	"github.com/latchkey-dev/latchkey/internal/wire"
)

// verifyEmail takes the id of a mail, and the password of the account: whoever has the id reads that mailbox, but the account may be one that somebody else has
// registered for this address, with a password of their own. The owner of the mailbox, who perhaps registers at the same time, must not let them in by confirming it.
func (h *Handler) verifyEmail(w http.ResponseWriter, r *http.Request) {
	var id, password string
	err := h.form(w, r, wire.Fields{"id": &id, "password": &password})
	var who fusionauth.Account
	if err == nil {
		who, err = h.accountToVerify(r, id)
	}
	if err == nil {
		err = h.knowsPassword(r, who, latchkey.Secret(password))
	}
	if err == nil {
		err = link(h.Client.VerifyEmail(r.Context(), latchkey.Secret(id)))
	}
	if err != nil {
		h.fail(w, r, err)
		return
	}
	noContent(w)
}

// checkVerification tells whether the id of a mail is good, and whose address it proves, and leaves it so.
func (h *Handler) checkVerification(w http.ResponseWriter, r *http.Request) {
	var id string
	err := h.form(w, r, wire.Fields{"id": &id})
	var who fusionauth.Account
	if err == nil {
		who, err = h.accountToVerify(r, id)
	}
	if err != nil {
		h.fail(w, r, err)
		return
	}
	wire.Write(w, http.StatusOK, map[string]string{"email": who.LoginID})
}

func (h *Handler) accountToVerify(r *http.Request, id string) (fusionauth.Account, error) {
	if id == "" {
		return fusionauth.Account{}, wire.Of(wire.CodeLinkInvalid)
	}
	who, err := h.Client.AccountOfVerification(r.Context(), latchkey.Secret(id))
	return who, link(err)
}

// knowsPassword checks the password of an account, whatever else may stand in the way of a login.
func (h *Handler) knowsPassword(r *http.Request, who fusionauth.Account, password latchkey.Secret) error {
	if err := h.guesses.take(who.ID, h.Now()); err != nil {
		return err
	}
	if password == "" || wire.Password(string(password)) != nil { // which the provider would not look at
		return wire.Of(wire.CodeInvalidCredentials)
	}
	shown, err := h.Client.CheckPassword(r.Context(), latchkey.Credentials{LoginID: who.LoginID, Password: password, Device: h.device(r)})
	switch codeOf(err) {
	case latchkey.CodeEmailNotVerified, latchkey.CodeNotRegistered: // hears only who knows it
		return nil
	}
	if err == nil && shown.UserID != who.ID {
		err = wire.Of(wire.CodeInvalidCredentials)
	}
	return err
}
