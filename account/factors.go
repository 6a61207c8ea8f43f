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

// factors says how the user logs in beside the password.
func (h *Handler) factors(w http.ResponseWriter, r *http.Request) {
	session, _ := latchkey.From(r.Context())
	has, err := h.hasSecondFactor(r, session.User.ID)
	if err != nil {
		h.fail(w, r, err)
		return
	}
	keys, err := h.Client.Passkeys(r.Context(), session.User.ID)
	if err != nil {
		h.fail(w, r, err)
		return
	}
	passkeys := make([]passkey, 0, len(keys))
	for _, k := range keys {
		p := passkey{ID: k.ID, Name: k.Name, CreatedAt: time.UnixMilli(k.CreatedAt).UTC()}
		if k.LastUsedAt > 0 {
			p.LastUsedAt = time.UnixMilli(k.LastUsedAt).UTC()
		}
		passkeys = append(passkeys, p)
	}
	wire.Write(w, http.StatusOK, map[string]any{"authenticator": has, "passkeys": passkeys})
}

func (h *Handler) hasSecondFactor(r *http.Request, userID string) (bool, error) {
	method, err := h.authenticatorOf(r, userID)
	return method != "", err
}

// authenticatorOf returns the id of the user's authenticator, or "".
func (h *Handler) authenticatorOf(r *http.Request, userID string) (string, error) {
	user, err := h.Client.Account(r.Context(), userID)
	for _, m := range user.Factors {
		if m.Method == authenticator {
			return m.ID, err
		}
	}
	return "", err
}

// authenticatorSecret makes a secret for the authenticator to be enabled. It is nobody's until then.
func (h *Handler) authenticatorSecret(w http.ResponseWriter, r *http.Request) {
	session, _ := latchkey.From(r.Context())
	secret, err := h.Client.AuthenticatorSecret(r.Context())
	if err != nil {
		h.fail(w, r, err)
		return
	}
	uri := url.URL{Scheme: "otpauth", Host: "totp", Path: "/" + h.Issuer + ":" + loginID(session.User), RawQuery: url.Values{
		"secret": {string(secret)}, "issuer": {h.Issuer},
	}.Encode()}
	wire.Write(w, http.StatusOK, map[string]string{"secret": string(secret), "uri": uri.String()})
}

func (h *Handler) enableAuthenticator(w http.ResponseWriter, r *http.Request) {
	var secret, code string
	if err := h.readProved(w, r, wire.Fields{"secret": &secret, "code": &code}); err != nil {
		h.fail(w, r, err)
		return
	}
	session, _ := latchkey.From(r.Context())
	if has, err := h.hasSecondFactor(r, session.User.ID); err != nil || has {
		if err == nil {
			err = wire.Of(wire.CodeAuthenticatorExists)
		}
		h.fail(w, r, err)
		return
	}
	codes, err := h.Client.EnableAuthenticator(r.Context(), session.User.ID, latchkey.Secret(secret), latchkey.Secret(code))
	h.showCodes(w, r, codes, err)
}

func (h *Handler) removeAuthenticator(w http.ResponseWriter, r *http.Request) {
	var code string
	err := h.readProved(w, r, wire.Fields{"code": &code})
	session, _ := latchkey.From(r.Context())
	var method string
	if err == nil {
		method, err = h.authenticatorOf(r, session.User.ID)
	}
	if err == nil && method != "" {
		err = h.Client.DisableFactor(r.Context(), session.User.ID, method, latchkey.Secret(code))
	}
	if err != nil {
		h.fail(w, r, err)
		return
	}
	noContent(w)
}

// recoveryCodes makes new ones. They take the authenticator's place: who cannot show a code of it must not have them.
func (h *Handler) recoveryCodes(w http.ResponseWriter, r *http.Request) {
	if err := h.readProvedFully(w, r, wire.Fields{}); err != nil {
		h.fail(w, r, err)
		return
	}
	session, _ := latchkey.From(r.Context())
	codes, err := h.Client.RecoveryCodes(r.Context(), session.User.ID)
	if errors.Is(err, fusionauth.ErrNotFound) {
		err = wire.Of(wire.CodeNotFound)
	}
	h.showCodes(w, r, codes, err)
}

// showCodes shows recovery codes, this once.
func (h *Handler) showCodes(w http.ResponseWriter, r *http.Request, codes []string, err error) {
	if err != nil {
		h.fail(w, r, err)
		return
	}
	wire.Write(w, http.StatusOK, map[string][]string{"recoveryCodes": codes})
}

// owns tells whether a passkey is one of the user's.
func (h *Handler) owns(r *http.Request, userID, id string) error {
	keys, err := h.Client.Passkeys(r.Context(), userID)
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
