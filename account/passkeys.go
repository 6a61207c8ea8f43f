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

// passkeyOptions are what navigator.credentials.create needs to make a key for the user. The key
// will log in without a code.
func (h *Handler) passkeyOptions(w http.ResponseWriter, r *http.Request) error {
	var name string
	if err := h.readProvedFully(w, r, wire.Fields{"name": &name}); err != nil {
		return err
	}
	if name == "" || len(name) > maxPasskeyName || strings.ContainsFunc(name, unicode.IsControl) {
		return wire.BadRequest("name: want 1 to 100 bytes without control characters")
	}
	session, _ := latchkey.From(r.Context())
	options, err := h.config.Client.StartPasskey(r.Context(), session.User.ID, name, h.device(r).UserAgent)
	if err != nil {
		return err
	}
	wire.Write(w, http.StatusOK, map[string]any{"options": options})
	return nil
}

func (h *Handler) addPasskey(w http.ResponseWriter, r *http.Request) error {
	var credential json.RawMessage
	if err := wire.Read(w, r, maxBody, wire.Fields{"credential": &credential}); err != nil {
		return err
	}
	session, _ := latchkey.From(r.Context())
	if err := h.config.Client.AddPasskey(r.Context(), session.User.ID, h.answerOf(credential)); err != nil {
		return err
	}
	noContent(w)
	return nil
}

func (h *Handler) removePasskey(w http.ResponseWriter, r *http.Request) error {
	if err := h.readProved(w, r, wire.Fields{}); err != nil {
		return notFound(err)
	}
	session, _ := latchkey.From(r.Context())
	if err := h.owns(r, session.User.ID, r.PathValue("id")); err != nil {
		return notFound(err)
	}
	if err := h.config.Client.DeletePasskey(r.Context(), r.PathValue("id")); err != nil {
		return notFound(err)
	}
	noContent(w)
	return nil
}

// loginOptions are those of navigator.credentials.get. They name no credential: the browser shows
// the keys that it has for this page, and a stranger does not learn which keys an account has, or
// whether there is one.
type loginOptions struct {
	Challenge        string `json:"challenge"`
	RPID             string `json:"rpId"`
	Timeout          int64  `json:"timeout"` // milliseconds
	UserVerification string `json:"userVerification"`
}

const passkeyTimeout = 180_000 // milliseconds

func (h *Handler) passkeyLoginOptions(w http.ResponseWriter, r *http.Request) error {
	email, err := h.address(w, r)
	if err != nil {
		return err
	}
	done := time.After(evenlyOptions)
	raw, err := h.config.Client.StartPasskeyLogin(r.Context(), email)
	if !waited(r, done) {
		return nil
	}
	var challenge string
	switch {
	case errors.Is(err, fusionauth.ErrNotFound):
		challenge = decoyChallenge()
	case err != nil:
		return err
	default:
		if challenge, err = challengeOf(raw); err != nil {
			return err
		}
	}
	wire.Write(w, http.StatusOK, map[string]any{"options": loginOptions{
		Challenge: challenge, RPID: h.host, Timeout: passkeyTimeout, UserVerification: "required",
	}})
	return nil
}

// decoyChallenge is a challenge that no key can answer.
func decoyChallenge() string {
	challenge := make([]byte, 32)
	rand.Read(challenge)
	return base64.RawURLEncoding.EncodeToString(challenge)
}

func challengeOf(options json.RawMessage) (string, error) {
	var of struct {
		Challenge string `json:"challenge"`
	}
	if err := json.Unmarshal(options, &of); err != nil || of.Challenge == "" {
		return "", errors.New("POST /api/webauthn/start: no challenge")
	}
	return of.Challenge, nil
}

// waited waits until done. It reports false if the browser hangs up before.
func waited(r *http.Request, done <-chan time.Time) bool {
	select {
	case <-done:
		return true
	case <-r.Context().Done():
		return false
	}
}

func (h *Handler) passkeyLogin(w http.ResponseWriter, r *http.Request) error {
	var credential json.RawMessage
	remember := true
	if err := h.form(w, r, wire.Fields{"credential": &credential, "remember": wire.Optional{Target: &remember}}); err != nil {
		return err
	}
	grant, err := h.config.Client.PasskeyLogin(r.Context(), h.answerOf(credential), h.device(r))
	if isRefused(err) || h.config.Registration == RegistrationVerified && revealsAccount(err) {
		return wire.Of(wire.CodePasskeyRefused)
	}
	if err != nil {
		return err
	}
	if !h.admits(grant.User.EmailVerified) {
		h.config.Guard.Discard(grant)
		return wire.Of(wire.CodePasskeyRefused)
	}
	return h.begin(w, r, grant, remember)
}

// answerOf says for which page a browser has answered: ours, whatever the browser claims.
func (h *Handler) answerOf(credential json.RawMessage) fusionauth.PasskeyAnswer {
	return fusionauth.PasskeyAnswer{Origin: h.config.Origin, RPID: h.host, Credential: credential}
}

func isRefused(err error) bool { return codeOf(err) == latchkey.CodeInvalidCredentials }

// revealsAccount reports whether a refusal would reveal that there is an account with an unverified
// address.
func revealsAccount(err error) bool {
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
