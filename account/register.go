package account

import (
	"errors"
	"net/http"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/fusionauth"
	"github.com/latchkey-dev/latchkey/internal/wire"
)

// The minimum time of a response, if its time must not reveal whether an address has an account.
const (
	evenly        = time.Second            // a registration
	evenlyOptions = 250 * time.Millisecond // a challenge: the provider stores one only for users with a passkey
)

// register creates an account. If addresses are verified, the response is the same if there was one
// already: then its owner gets a mail with which to set a new password.
func (h *Handler) register(w http.ResponseWriter, r *http.Request) error {
	u, remember, err := h.readNewUser(w, r)
	if err != nil {
		return err
	}
	if h.config.Registration == RegistrationUnverified {
		return h.registerNow(w, r, u, remember)
	}
	done := time.After(evenly)
	err = h.config.Client.Register(r.Context(), u)
	var field *fusionauth.FieldError
	if errors.As(err, &field) && field.Kind == "duplicate" {
		h.sendLater(r, passwordMail, u.Email, h.config.Client.ForgotPassword)
		err = nil
	}
	if !waited(r, done) {
		return nil
	}
	if err != nil {
		return err
	}
	accepted(w)
	return nil
}

func (h *Handler) readNewUser(w http.ResponseWriter, r *http.Request) (u fusionauth.NewUser, remember bool, err error) {
	var password string
	remember = true
	err = h.form(w, r, wire.Fields{
		"email": &u.Email, "password": &password, "remember": wire.Optional{Target: &remember},
		"firstName": wire.Optional{Target: &u.FirstName}, "lastName": wire.Optional{Target: &u.LastName},
	})
	if err != nil {
		return u, false, err
	}
	if u.Email, err = wire.LoginID(u.Email); err != nil {
		return u, false, wire.Of(wire.CodeEmailRefused)
	}
	u.Password, err = newPassword(password)
	return u, remember, err
}

// admits reports whether a session may begin for a user with a verified or unverified address. The
// guard checks it again.
func (h *Handler) admits(verified bool) bool {
	return verified || h.config.Registration != RegistrationVerified
}

// registerNow creates an account and logs its owner in.
func (h *Handler) registerNow(w http.ResponseWriter, r *http.Request, u fusionauth.NewUser, remember bool) error {
	if err := h.config.Client.Register(r.Context(), u); err != nil {
		return err
	}
	// If the provider asks for more than the password, the login form handles that.
	grant, err := h.config.Client.Login(r.Context(), latchkey.Credentials{LoginID: u.Email, Password: u.Password, Device: h.device(r)})
	if err != nil {
		return err
	}
	return h.begin(w, r, grant, remember)
}
