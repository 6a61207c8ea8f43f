package account

import (
	"net/http"
	"strings"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/internal/wire"
)

// form reads the body of an anonymous request, and counts it.
func (h *Handler) form(w http.ResponseWriter, r *http.Request, fields wire.Fields) error {
	if err := wire.Read(w, r, maxBody, fields); err != nil {
		return err
	}
	return h.visit(r)
}

// address reads a body that has only an address.
func (h *Handler) address(w http.ResponseWriter, r *http.Request) (email string, err error) {
	if err := h.form(w, r, wire.Fields{"email": &email}); err != nil {
		return "", err
	}
	if email, err = wire.LoginID(email); err != nil {
		return "", wire.BadRequest("email: " + err.Error())
	}
	return email, nil
}

// newPassword refuses a password that nobody could log in with.
func newPassword(typed string) (latchkey.Secret, error) {
	if wire.Password(typed) != nil {
		return "", wire.Of(wire.CodePasswordRefused)
	}
	return latchkey.Secret(typed), nil
}

const maxUserAgent = 256 // bytes; the guard keeps as many

// device is what a request reveals about its browser.
func (h *Handler) device(r *http.Request) latchkey.Device {
	agent := r.UserAgent()
	return latchkey.Device{UserAgent: strings.ToValidUTF8(agent[:min(len(agent), maxUserAgent)], ""), IP: h.config.ClientIP(r)}
}
