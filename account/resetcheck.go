package account

import (
	"net/http"

	"github.com/latchkey-dev/latchkey/internal/wire"
)

// A resettable is what a page shows before it asks for a new password.
type resettable struct {
	Email             string `json:"email"`                       // whose password it is
	PasswordMinLength int    `json:"passwordMinLength,omitempty"` // in characters; absent if unknown
}

// checkReset reports whether the id of a mail is valid, without using it up. It is a POST: an id in
// a URL would be in every log on the way.
func (h *Handler) checkReset(w http.ResponseWriter, r *http.Request) error {
	var id string
	if err := h.form(w, r, wire.Fields{"id": &id}); err != nil {
		return err
	}
	who, err := h.accountOf(r, id, h.config.Client.AccountOfChange)
	if err != nil {
		return err
	}
	least, err := h.config.Client.PasswordMinLength(r.Context())
	if err != nil { // the form does not need it
		h.config.Logger.WarnContext(r.Context(), "cannot read the provider's password rules", "error", err)
	}
	wire.Write(w, http.StatusOK, resettable{who.LoginID, least})
	return nil
}
