package account

import (
	"context"
	"net/http"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/internal/wire"
)

// changePassword sets a new password and gives this browser a new session; all others of the user's are over (ASVS V7.4.3).
func (h *Handler) changePassword(w http.ResponseWriter, r *http.Request) {
	var current, password, code string
	err := wire.Read(w, r, maxBody, wire.Fields{"currentPassword": &current, "password": &password, "code": wire.Optional{Target: &code}})
	var fresh latchkey.Secret
	if err == nil {
		fresh, err = newPassword(password)
	}
	var who proven
	if err == nil {
		who, err = h.prove(r, latchkey.Secret(current), latchkey.Secret(code))
	}
	switch {
	case err != nil:
	case who.CodeDue:
		err = wire.Of(wire.CodeTwoFactorRequired)
	case !h.admits(who.verified): // no session could begin with the new password
		err = wire.Of(wire.CodeInvalidCredentials)
	}
	if err == nil {
		err = h.setPassword(r, who.UserID, func(ctx context.Context) error {
			return h.Client.ChangePassword(ctx, who.loginID, latchkey.Secret(current), fresh)
		})
	}
	if err != nil {
		h.fail(w, r, err)
		return
	}
	grant, err := h.Client.LoginAfter(r.Context(), who.Proof, latchkey.Credentials{LoginID: who.loginID, Password: fresh, Device: h.device(r)})
	if err != nil {
		h.fail(w, r, err)
		return
	}
	session, _ := latchkey.From(r.Context())
	h.begin(w, r, grant, session.Persistent)
}

// setPassword sets a password and ends the sessions from before it. It goes on if the browser hangs
// up: no session must outlive the old password.
func (h *Handler) setPassword(r *http.Request, userID string, set func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), unwatched)
	defer cancel()
	if err := set(ctx); err != nil {
		return err
	}
	if _, err := h.Guard.EndUser(ctx, userID, latchkey.EndPasswordChanged); err != nil {
		h.Logger.ErrorContext(r.Context(), "sessions from before a new password were not ended; they end when they are refreshed", "user", userID, "error", err)
	}
	return nil
}

func loginID(u latchkey.User) string {
	if u.Email != "" {
		return u.Email
	}
	return u.Username
}
