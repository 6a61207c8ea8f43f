package account

import (
	"errors"
	"net/http"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/fusionauth"
	"github.com/latchkey-dev/latchkey/internal/wire"
)

const maxBody = 16 << 10 // bytes; a passkey's answer is the largest

// answering answers the error that a handler returns.
func (h *Handler) answering(handle func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := handle(w, r); err != nil {
			h.fail(w, r, err)
		}
	}
}

// fail answers with the problem for an error. Internal errors are logged, and not shown.
func (h *Handler) fail(w http.ResponseWriter, r *http.Request, err error) {
	var problem wire.Problem
	if !errors.As(err, &problem) {
		problem = problemOf(err)
	}
	if problem.Status >= 500 && r.Context().Err() == nil {
		h.config.Logger.ErrorContext(r.Context(), "cannot ask the provider about an account", "path", r.URL.Path, "error", err)
	}
	problem.ServeHTTP(w, r)
}

func problemOf(err error) wire.Problem {
	var field *fusionauth.FieldError
	var refused *latchkey.ProviderError
	switch {
	case errors.As(err, &field):
		return problemOfField(field)
	case !errors.As(err, &refused):
		return wire.Of(wire.CodeProviderUnavailable)
	}
	switch refused.Code {
	case latchkey.CodePasswordRefused:
		p := wire.Of(wire.CodePasswordRefused)
		p.Reason = refused.Reason
		return p
	case latchkey.CodeTooManyAttempts:
		return tooMany(max(refused.RetryAfter, time.Second))
	case latchkey.CodeInvalidCode, latchkey.CodeEmailNotVerified, latchkey.CodeTwoFactorRequired:
		return wire.Of(string(refused.Code))
	case latchkey.CodeInvalidCredentials, latchkey.CodeAccountLocked, latchkey.CodeLoginPrevented, latchkey.CodeNotRegistered:
		return wire.Of(wire.CodeInvalidCredentials)
	}
	return wire.Of(wire.CodeProviderUnavailable)
}

// problemOfField is about what the user typed, or what their browser made.
func problemOfField(e *fusionauth.FieldError) wire.Problem {
	switch e.Field {
	case "credential":
		return wire.Of(wire.CodePasskeyRefused)
	case "secret", "secretBase32Encoded":
		return wire.Of(wire.CodeSecretRefused)
	case "method":
		return wire.Of(wire.CodeAuthenticatorExists)
	case "displayName":
		return wire.BadRequest("name: contains invalid characters")
	}
	if e.Kind == "duplicate" {
		return wire.Of(wire.CodeEmailTaken)
	}
	return wire.Of(wire.CodeEmailRefused)
}

// begin starts a session for a user who has just proved their identity, and answers like a login.
func (h *Handler) begin(w http.ResponseWriter, r *http.Request, grant latchkey.Grant, remember bool) error {
	session, err := h.config.Guard.Begin(w, r, grant, remember)
	if err != nil {
		latchkey.WriteError(w, err) // the guard's error, in the guard's words
		return nil
	}
	wire.Write(w, http.StatusOK, map[string]any{"user": session.User})
	return nil
}

func tooMany(wait time.Duration) wire.Problem {
	p := wire.Of(wire.CodeTooManyAttempts)
	p.RetryAfter = wait
	return p
}

func noContent(w http.ResponseWriter) { w.WriteHeader(http.StatusNoContent) }

// accepted is the answer about an address that may or may not have an account.
func accepted(w http.ResponseWriter) {
	wire.Write(w, http.StatusAccepted, map[string]string{"next": "look_into_mailbox"})
}
