package account

import (
	"net/http"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/fusionauth"
	"github.com/latchkey-dev/latchkey/internal/wire"
)

// verifyEmail takes the id of a mail and the password of the account. The id proves only the
// mailbox: somebody else may have registered the address, with their own password, and its owner
// must not let them in by confirming it.
func (h *Handler) verifyEmail(w http.ResponseWriter, r *http.Request) error {
	var id, password string
	if err := h.form(w, r, wire.Fields{"id": &id, "password": &password}); err != nil {
		return err
	}
	who, err := h.accountOf(r, id, h.config.Client.AccountOfVerification)
	if err != nil {
		return err
	}
	if err := h.knowsPassword(r, who, latchkey.Secret(password)); err != nil {
		return err
	}
	if err := h.config.Client.VerifyEmail(r.Context(), latchkey.Secret(id)); err != nil {
		return link(err)
	}
	noContent(w)
	return nil
}

// checkVerification reports whether the id of a mail is valid, and whose address it verifies,
// without using it up.
func (h *Handler) checkVerification(w http.ResponseWriter, r *http.Request) error {
	var id string
	if err := h.form(w, r, wire.Fields{"id": &id}); err != nil {
		return err
	}
	who, err := h.accountOf(r, id, h.config.Client.AccountOfVerification)
	if err != nil {
		return err
	}
	wire.Write(w, http.StatusOK, map[string]string{"email": who.LoginID})
	return nil
}

// knowsPassword checks the password of an account, whatever else keeps its user from logging in.
func (h *Handler) knowsPassword(r *http.Request, who fusionauth.Account, password latchkey.Secret) error {
	if err := h.guess(who.ID); err != nil {
		return err
	}
	if password == "" || wire.Password(string(password)) != nil { // which the provider would not check
		return wire.Of(wire.CodeInvalidCredentials)
	}
	shown, err := h.config.Client.CheckPassword(r.Context(), latchkey.Credentials{LoginID: who.LoginID, Password: password, Device: h.device(r)})
	switch codeOf(err) {
	case latchkey.CodeEmailNotVerified, latchkey.CodeNotRegistered: // the provider says so only if it is right
		return nil
	}
	if err != nil {
		return err
	}
	if shown.UserID != who.ID {
		return wire.Of(wire.CodeInvalidCredentials)
	}
	return nil
}
