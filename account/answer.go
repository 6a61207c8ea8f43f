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

// The problems of these routes, beside those that every route can have.
var (
	invalidCredentials = wire.Problem{Status: http.StatusUnauthorized, Code: "invalid_credentials", Detail: "The password is not right."}
	emailNotVerified   = wire.Problem{Status: http.StatusForbidden, Code: "email_not_verified", Detail: "The e-mail address has not been verified yet."}
	invalidCode        = wire.Problem{Status: http.StatusUnauthorized, Code: "invalid_code", Detail: "The code is not right, or has been used."}
	codeRequired       = wire.Problem{Status: http.StatusConflict, Code: "two_factor_required", Detail: "A second factor is needed."}
	authenticatorSet   = wire.Problem{Status: http.StatusConflict, Code: "authenticator_exists", Detail: "There is an authenticator already. Remove it first."}
	secretRefused      = wire.Problem{Status: http.StatusUnprocessableEntity, Code: "secret_refused", Detail: "This is not a secret that an authenticator can have."}
	passwordRefused    = wire.Problem{Status: http.StatusUnprocessableEntity, Code: "password_refused", Detail: "The new password is not accepted."}
	emailRefused       = wire.Problem{Status: http.StatusUnprocessableEntity, Code: "email_refused", Detail: "This is not an e-mail address that can be used."}
	emailTaken         = wire.Problem{Status: http.StatusConflict, Code: "email_taken", Detail: "There is an account with this e-mail address already."}
	linkInvalid        = wire.Problem{Status: http.StatusNotFound, Code: "link_invalid", Detail: "This link is not valid any more. Ask for a new one."}
	passkeyRefused     = wire.Problem{Status: http.StatusUnauthorized, Code: "passkey_refused", Detail: "This passkey does not open an account here."}
	tooMany            = wire.Problem{Status: http.StatusTooManyRequests, Code: "too_many_attempts", Detail: "Too many attempts. Try again later."}
	unavailable        = wire.Problem{Status: http.StatusServiceUnavailable, Code: "provider_unavailable", Detail: "The login service cannot be reached just now. Try again shortly.", RetryAfter: 2 * time.Second}
)

// fail answers with the problem that an error is. What is nobody's business but the operator's is logged.
func (h *Handler) fail(w http.ResponseWriter, r *http.Request, err error) {
	var problem wire.Problem
	if !errors.As(err, &problem) {
		problem = problemOf(err)
	}
	if problem.Status >= 500 && r.Context().Err() == nil {
		h.Logger.ErrorContext(r.Context(), "the provider could not be asked about an account", "path", r.URL.Path, "error", err)
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
		return unavailable
	}
	p := unavailable
	switch refused.Code {
	case latchkey.CodePasswordRefused:
		p = passwordRefused
		p.Reason = refused.Reason
	case latchkey.CodeInvalidCode:
		p = invalidCode
	case latchkey.CodeEmailNotVerified:
		p = emailNotVerified
	case latchkey.CodeTwoFactorRequired:
		p = codeRequired
	case latchkey.CodeTooManyAttempts:
		p = tooMany
		p.RetryAfter = max(refused.RetryAfter, time.Second)
	case latchkey.CodeInvalidCredentials, latchkey.CodeAccountLocked, latchkey.CodeLoginPrevented, latchkey.CodeNotRegistered:
		p = invalidCredentials
	}
	return p
}

// problemOfField is about what the user has typed, or what his browser has made.
func problemOfField(e *fusionauth.FieldError) wire.Problem {
	switch e.Field {
	case "credential":
		return passkeyRefused
	case "secret", "secretBase32Encoded":
		return secretRefused
	case "method":
		return authenticatorSet
	case "displayName":
		return wire.BadRequest("name: has characters that it must not have")
	}
	if e.Kind == "duplicate" {
		return emailTaken
	}
	return emailRefused
}

func noContent(w http.ResponseWriter) { w.WriteHeader(http.StatusNoContent) }

// accepted is what a stranger hears whose address may or may not have an account.
func accepted(w http.ResponseWriter) {
	wire.Write(w, http.StatusAccepted, map[string]string{"next": "look_into_mailbox"})
}
