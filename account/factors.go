package account

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/fusionauth"
	"github.com/latchkey-dev/latchkey/internal/wire"
)

const authenticator = "authenticator"

type passkey struct {
	ID         string    `json:"id"`
	Name       string    `json:"name"`
	CreatedAt  time.Time `json:"createdAt"`
	LastUsedAt time.Time `json:"lastUsedAt,omitzero"`
}

// factors returns how the user logs in besides the password.
func (h *Handler) factors(w http.ResponseWriter, r *http.Request) error {
	session, _ := latchkey.From(r.Context())
	authenticator, err := h.authenticatorOf(r, session.User.ID)
	if err != nil {
		return err
	}
	keys, err := h.config.Client.Passkeys(r.Context(), session.User.ID)
	if err != nil {
		return err
	}
	passkeys := make([]passkey, 0, len(keys))
	for _, k := range keys {
		p := passkey{ID: k.ID, Name: k.Name, CreatedAt: time.UnixMilli(k.CreatedAt).UTC()}
		if k.LastUsedAt > 0 {
			p.LastUsedAt = time.UnixMilli(k.LastUsedAt).UTC()
		}
		passkeys = append(passkeys, p)
	}
	wire.Write(w, http.StatusOK, map[string]any{"authenticator": authenticator != "", "passkeys": passkeys})
	return nil
}

// authenticatorOf returns the id of the user's authenticator, or "".
func (h *Handler) authenticatorOf(r *http.Request, userID string) (string, error) {
	user, err := h.config.Client.Account(r.Context(), userID)
	if err != nil {
		return "", err
	}
	for _, m := range user.Factors {
		if m.Method == authenticator {
			return m.ID, nil
		}
	}
	return "", nil
}

// authenticatorSecret makes a secret for an authenticator. It belongs to nobody until the
// authenticator is enabled.
func (h *Handler) authenticatorSecret(w http.ResponseWriter, r *http.Request) error {
	session, _ := latchkey.From(r.Context())
	secret, err := h.config.Client.AuthenticatorSecret(r.Context())
	if err != nil {
		return err
	}
	uri := url.URL{Scheme: "otpauth", Host: "totp", Path: "/" + h.config.Issuer + ":" + loginID(session.User), RawQuery: url.Values{
		"secret": {string(secret)}, "issuer": {h.config.Issuer},
	}.Encode()}
	wire.Write(w, http.StatusOK, map[string]string{"secret": string(secret), "uri": uri.String()})
	return nil
}

func (h *Handler) enableAuthenticator(w http.ResponseWriter, r *http.Request) error {
	var secret, code string
	if err := h.readProved(w, r, wire.Fields{"secret": &secret, "code": &code}); err != nil {
		return err
	}
	session, _ := latchkey.From(r.Context())
	enabled, err := h.authenticatorOf(r, session.User.ID)
	if err != nil {
		return err
	}
	if enabled != "" {
		return wire.Of(wire.CodeAuthenticatorExists)
	}
	codes, err := h.config.Client.EnableAuthenticator(r.Context(), session.User.ID, latchkey.Secret(secret), latchkey.Secret(code))
	if err != nil {
		return err
	}
	showCodes(w, codes)
	return nil
}

func (h *Handler) removeAuthenticator(w http.ResponseWriter, r *http.Request) error {
	var code string
	if err := h.readProved(w, r, wire.Fields{"code": &code}); err != nil {
		return err
	}
	session, _ := latchkey.From(r.Context())
	id, err := h.authenticatorOf(r, session.User.ID)
	if err != nil {
		return err
	}
	if id != "" {
		if err := h.config.Client.DisableFactor(r.Context(), session.User.ID, id, latchkey.Secret(code)); err != nil {
			return err
		}
	}
	noContent(w)
	return nil
}

// recoveryCodes makes new ones. They replace the authenticator, so they are only for a user who can
// show a code of it.
func (h *Handler) recoveryCodes(w http.ResponseWriter, r *http.Request) error {
	if err := h.readProvedFully(w, r, wire.Fields{}); err != nil {
		return err
	}
	session, _ := latchkey.From(r.Context())
	codes, err := h.config.Client.RecoveryCodes(r.Context(), session.User.ID)
	if err != nil {
		return notFound(err)
	}
	showCodes(w, codes)
	return nil
}

// showCodes shows recovery codes, once.
func showCodes(w http.ResponseWriter, codes []string) {
	wire.Write(w, http.StatusOK, map[string][]string{"recoveryCodes": codes})
}

// notFound is the problem of an object of the user's that the provider does not know.
func notFound(err error) error {
	if errors.Is(err, fusionauth.ErrNotFound) {
		return wire.Of(wire.CodeNotFound)
	}
	return err
}

// owns returns fusionauth.ErrNotFound unless a passkey is one of the user's.
func (h *Handler) owns(r *http.Request, userID, id string) error {
	keys, err := h.config.Client.Passkeys(r.Context(), userID)
	if err != nil {
		return err
	}
	for _, k := range keys {
		if k.ID == id && k.UserID == userID {
			return nil
		}
	}
	return fusionauth.ErrNotFound
}
