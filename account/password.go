package account

import (
	"net/http"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/internal/wire"
)

// changePassword sets a new password and gives this browser a new session; all others of the user's are over (ASVS V7.4.3).
func (h *Handler) changePassword(w http.ResponseWriter, r *http.Request) {
	var current, password, code string
	err := wire.Read(w, r, maxBody, wire.Fields{"currentPassword": &current, "password": &password, "code": wire.Optional{Target: &code}})
	if err != nil {
		h.fail(w, r, err)
		return
	}
	if err := h.prove(r, latchkey.Secret(current)); err != nil {
		h.fail(w, r, err)
		return
	}
	session, _ := latchkey.From(r.Context())
	if needed, err := h.hasSecondFactor(r, session.User.ID); err != nil || needed && code == "" {
		if err == nil {
			err = codeRequired
		}
		h.fail(w, r, err)
		return
	}
	loginID := loginID(session.User)
	if err := h.Client.ChangePassword(r.Context(), loginID, latchkey.Secret(current), latchkey.Secret(password)); err != nil {
		h.fail(w, r, err)
		return
	}
	if _, err := h.Guard.End(r.Context(), session.User.ID, latchkey.EndPasswordChanged); err != nil {
		h.Logger.ErrorContext(r.Context(), "sessions from before a new password were not ended; they end when they are refreshed", "user", session.User.ID, "error", err)
	}
	h.begin(w, r, latchkey.Credentials{LoginID: loginID, Password: latchkey.Secret(password), Code: latchkey.Secret(code)})
}

func loginID(u latchkey.User) string {
	if u.Email != "" {
		return u.Email
	}
	return u.Username
}
