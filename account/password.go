package account

import (
	"context"
	"net/http"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/internal/wire"
)

// changePassword sets a new password and gives this browser a new session; all other sessions of
// the user end (ASVS V7.4.3).
func (h *Handler) changePassword(w http.ResponseWriter, r *http.Request) error {
	var current, typed, code string
	if err := wire.Read(w, r, maxBody, wire.Fields{"currentPassword": &current, "password": &typed, "code": wire.Optional{Target: &code}}); err != nil {
		return err
	}
	password, err := newPassword(typed)
	if err != nil {
		return err
	}
	who, err := h.prove(r, latchkey.Secret(current), latchkey.Secret(code))
	if err != nil {
		return err
	}
	if who.CodeDue {
		return wire.Of(wire.CodeTwoFactorRequired)
	}
	if !h.admits(who.verified) { // no session could begin with the new password
		return wire.Of(wire.CodeInvalidCredentials)
	}
	err = h.setPassword(r, who.UserID, func(ctx context.Context) error {
		return h.config.Client.ChangePassword(ctx, who.loginID, latchkey.Secret(current), password)
	})
	if err != nil {
		return err
	}
	grant, err := h.config.Client.LoginAfter(r.Context(), who.Proof, latchkey.Credentials{LoginID: who.loginID, Password: password, Device: h.device(r)})
	if err != nil {
		return err
	}
	session, _ := latchkey.From(r.Context())
	return h.begin(w, r, grant, session.Persistent)
}

// setPassword sets a password and ends older sessions. It continues if the browser hangs up: no
// session must outlive the old password.
func (h *Handler) setPassword(r *http.Request, userID string, set func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), unwatched)
	defer cancel()
	if err := set(ctx); err != nil {
		return err
	}
	if _, err := h.config.Guard.EndUser(ctx, userID, latchkey.EndPasswordChanged); err != nil {
		h.config.Logger.ErrorContext(r.Context(), "cannot end the sessions from before a new password: they end when they are refreshed", "user", userID, "error", err)
	}
	return nil
}

func loginID(u latchkey.User) string {
	if u.Email != "" {
		return u.Email
	}
	return u.Username
}
