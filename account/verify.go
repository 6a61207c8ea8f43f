package account

import (
	"net/http"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/fusionauth"
	"github.com/latchkey-dev/latchkey/internal/wire"
)

// verifyEmail takes the id of a mail and the password of the account. The id proves the mailbox alone:
// somebody else may have registered the address, with a password of their own, and its owner must not
// let them in by confirming it.
func (h *Handler) verifyEmail(w http.ResponseWriter, r *http.Request) {
	var id, password string
	err := h.form(w, r, wire.Fields{"id": &id, "password": &password})
	var who fusionauth.Account
	if err == nil {
		who, err = h.accountOf(r, id, h.Client.AccountOfVerification)
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

// checkVerification reports whether the id of a mail is good, and whose address it proves. It does not
// use the id up.
func (h *Handler) checkVerification(w http.ResponseWriter, r *http.Request) {
	var id string
	err := h.form(w, r, wire.Fields{"id": &id})
	var who fusionauth.Account
	if err == nil {
		who, err = h.accountOf(r, id, h.Client.AccountOfVerification)
	}
	if err != nil {
		h.fail(w, r, err)
		return
	}
	wire.Write(w, http.StatusOK, map[string]string{"email": who.LoginID})
}

// knowsPassword checks the password of an account, whatever else keeps its user from logging in.
func (h *Handler) knowsPassword(r *http.Request, who fusionauth.Account, password latchkey.Secret) error {
	if err := h.guess(who.ID); err != nil {
		return err
	}
	if password == "" || wire.Password(string(password)) != nil { // which the provider would not look at
		return wire.Of(wire.CodeInvalidCredentials)
	}
	shown, err := h.Client.CheckPassword(r.Context(), latchkey.Credentials{LoginID: who.LoginID, Password: password, Device: h.device(r)})
	switch codeOf(err) {
	case latchkey.CodeEmailNotVerified, latchkey.CodeNotRegistered: // the provider says so only if it is right
		return nil
	}
	if err == nil && shown.UserID != who.ID {
		err = wire.Of(wire.CodeInvalidCredentials)
	}
	return err
}
