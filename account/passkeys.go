package account

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"
	"unicode"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/fusionauth"
	"github.com/latchkey-dev/latchkey/internal/wire"
)

const maxPasskeyName = 100 // bytes

// passkeyOptions are what navigator.credentials.create needs to make a key for who is logged in. The key will log in without a code.
func (h *Handler) passkeyOptions(w http.ResponseWriter, r *http.Request) {
	var name string
	err := h.readProvedFully(w, r, wire.Fields{"name": &name})
	if err == nil && (name == "" || len(name) > maxPasskeyName || strings.ContainsFunc(name, unicode.IsControl)) {
		err = wire.BadRequest("name: want 1 to 100 bytes without control characters")
	}
	if err != nil {
		h.fail(w, r, err)
		return
	}
	session, _ := latchkey.From(r.Context())
	options, err := h.Client.StartPasskey(r.Context(), session.User.ID, name, h.device(r).UserAgent)
	if err != nil {
		h.fail(w, r, err)
		return
	}
	wire.Write(w, http.StatusOK, map[string]any{"options": options})
}

func (h *Handler) addPasskey(w http.ResponseWriter, r *http.Request) {
	var credential json.RawMessage
	if err := wire.Read(w, r, maxBody, wire.Fields{"credential": &credential}); err != nil {
		h.fail(w, r, err)
		return
	}
	session, _ := latchkey.From(r.Context())
	if err := h.Client.AddPasskey(r.Context(), session.User.ID, h.answerOf(credential)); err != nil {
		h.fail(w, r, err)
		return
	}
	noContent(w)
}

func (h *Handler) removePasskey(w http.ResponseWriter, r *http.Request) {
	session, _ := latchkey.From(r.Context())
	err := h.readProved(w, r, wire.Fields{})
	if err == nil {
		err = h.owns(r, session.User.ID, r.PathValue("id"))
	}
	if err == nil {
		err = h.Client.DeletePasskey(r.Context(), r.PathValue("id"))
	}
	switch {
	case errors.Is(err, fusionauth.ErrNotFound):
		wire.Of(wire.CodeNotFound).ServeHTTP(w, r)
	case err != nil:
		h.fail(w, r, err)
	default:
		noContent(w)
	}
}

// loginOptions are those of navigator.credentials.get. It names no credential: the browser shows the keys that it has for this page, and whoever asks
// learns nothing of what keys an account has, or whether there is one.
type loginOptions struct {
	Challenge        string `json:"challenge"`
	RPID             string `json:"rpId"`
	Timeout          int64  `json:"timeout"` // milliseconds
	UserVerification string `json:"userVerification"`
}

const passkeyTimeout = 180_000 // milliseconds

func (h *Handler) passkeyLoginOptions(w http.ResponseWriter, r *http.Request) {
	email, err := h.address(w, r)
	if err != nil {
		h.fail(w, r, err)
		return
	}
	options := loginOptions{RPID: h.host, Timeout: passkeyTimeout, UserVerification: "required"}
	done := time.After(evenlyOptions)
	raw, err := h.Client.StartPasskeyLogin(r.Context(), email)
	select {
	case <-done:
	case <-r.Context().Done():
		return
	}
	switch {
	case errors.Is(err, fusionauth.ErrNotFound):
		challenge := make([]byte, 32)
		rand.Read(challenge)
		options.Challenge = base64.RawURLEncoding.EncodeToString(challenge) // which nothing answers
	case err != nil:
		h.fail(w, r, err)
		return
	default:
		var of struct {
			Challenge string `json:"challenge"`
		}
		if json.Unmarshal(raw, &of) != nil || of.Challenge == "" {
			h.fail(w, r, errors.New("POST /api/webauthn/start: no challenge"))
			return
		}
		options.Challenge = of.Challenge
	}
	wire.Write(w, http.StatusOK, map[string]any{"options": options})
}

func (h *Handler) passkeyLogin(w http.ResponseWriter, r *http.Request) {
	var credential json.RawMessage
	remember := true
	if err := h.form(w, r, wire.Fields{"credential": &credential, "remember": wire.Optional{Target: &remember}}); err != nil {
		h.fail(w, r, err)
		return
	}
	grant, err := h.Client.PasskeyLogin(r.Context(), h.answerOf(credential), h.device(r))
	switch {
	case err == nil && !h.admits(grant.User.EmailVerified):
		h.Guard.Discard(grant)
		err = wire.Of(wire.CodePasskeyRefused)
	case isRefused(err) || h.Registration == RegistrationVerified && wouldTell(err):
		err = wire.Of(wire.CodePasskeyRefused)
	}
	if err != nil {
		h.fail(w, r, err)
		return
	}
	h.begin(w, r, grant, remember)
}

// answerOf says for which page a browser has answered: ours, whatever the browser claims.
func (h *Handler) answerOf(credential json.RawMessage) fusionauth.PasskeyAnswer {
	return fusionauth.PasskeyAnswer{Origin: h.Origin, RPID: h.host, Credential: credential}
}

func isRefused(err error) bool { return codeOf(err) == latchkey.CodeInvalidCredentials }

// wouldTell reports whether a refusal would reveal that there is an account with an unverified address.
func wouldTell(err error) bool {
	code := codeOf(err)
	return code == latchkey.CodeEmailNotVerified || code == latchkey.CodeLoginPrevented || code == latchkey.CodeNotRegistered
}

func codeOf(err error) latchkey.Code {
	var refused *latchkey.ProviderError
	if errors.As(err, &refused) {
		return refused.Code
	}
	return ""
}
