package account

import (
	"net/http"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/fusionauth"
	"github.com/latchkey-dev/latchkey/internal/wire"
)

// A resettable is what a page shows before it asks for a new password.
type resettable struct {
	Email             string `json:"email"`                       // whose password it is
	PasswordMinLength int    `json:"passwordMinLength,omitempty"` // in characters; absent where it is not known
}

// checkReset tells whether the id of a mail is good, and leaves it so. It is a POST: an id in a URL would be in every log on the way.
func (h *Handler) checkReset(w http.ResponseWriter, r *http.Request) {
	var id string
	err := h.form(w, r, wire.Fields{"id": &id})
	var who fusionauth.Account
	switch {
	case err != nil:
	case id == "":
		err = wire.Of(wire.CodeLinkInvalid)
	default:
		who, err = h.Client.AccountOfChange(r.Context(), latchkey.Secret(id))
	}
	if err != nil {
		h.fail(w, r, link(err))
		return
	}
	least, err := h.Client.PasswordMinLength(r.Context())
	if err != nil { // the form can do without
		h.Logger.WarnContext(r.Context(), "the provider does not tell its password rules", "error", err)
	}
	wire.Write(w, http.StatusOK, resettable{who.LoginID, least})
}
