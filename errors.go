package latchkey

import (
	"errors"
	"net/http"
	"time"

	"github.com/latchkey-dev/latchkey/internal/wire"
)

// A Code identifies a problem in the body of an error response. Codes do not change between
// versions.
type Code string

// The codes of a provider's refusals. All but CodeInvalidCredentials and CodeTooManyAttempts reveal
// something about an account, and are allowed only if the password was correct (ASVS V6.3.8).
const (
	CodeInvalidCredentials     Code = wire.CodeInvalidCredentials
	CodeNotRegistered          Code = wire.CodeNotRegistered
	CodeEmailNotVerified       Code = wire.CodeEmailNotVerified
	CodeAccountLocked          Code = wire.CodeAccountLocked
	CodeLoginPrevented         Code = wire.CodeLoginPrevented
	CodeTwoFactorRequired      Code = wire.CodeTwoFactorRequired
	CodePasswordChangeRequired Code = wire.CodePasswordChangeRequired
	CodeInvalidCode            Code = wire.CodeInvalidCode     // of the second factor
	CodePasswordRefused        Code = wire.CodePasswordRefused // the new password, by the provider's rules
	CodeTooManyAttempts        Code = wire.CodeTooManyAttempts
	CodeRefreshRefused         Code = "refresh_refused" // the refresh token is invalid; ends the session
)

// A Problem is an error that WriteError writes in the form of RFC 9457, like this package's own
// errors. An app may use it, too, so that its 403 looks like ours.
type Problem struct {
	// Code is for programs and does not change between versions. Each code of docs/http.md has a
	// status and a title; an app may define others.
	Code Code
	// Status is the status of the response. 0: the code's.
	Status int
	// Title is for people, and the same for all problems with this code. Empty: the code's.
	Title string
	// Detail says what is wrong with this particular request, without secrets. It may be empty.
	Detail string
	// EndReason is, with login_required, why the session ended. Empty if unknown.
	EndReason EndReason
	// RetryAfter is how long to wait before a retry, in whole seconds. 0: the code's, if any.
	RetryAfter time.Duration
}

// Error returns the code and the detail.
func (p *Problem) Error() string { return p.wire().Error() }

func (p *Problem) wire() wire.Problem {
	known := wire.Problem{Code: string(p.Code)}
	if wire.Known(known.Code) || p.Status == 0 {
		known = wire.Of(known.Code)
	}
	if p.Status != 0 {
		known.Status = p.Status
	}
	if p.Title != "" {
		known.Title = p.Title
	}
	if p.RetryAfter > 0 {
		known.RetryAfter = p.RetryAfter
	}
	known.Detail, known.EndReason = p.Detail, string(p.EndReason)
	return known
}

// WriteError writes the error response for err: a *Problem, or the refusal of a *ProviderError. Any
// other error means that the provider or the store is unavailable: the response is 503
// provider_unavailable, which does not show err. It is not logged either.
func WriteError(w http.ResponseWriter, err error) {
	var own *Problem
	var refused *ProviderError
	switch {
	case errors.As(err, &own):
		own.wire().Write(w)
	case errors.As(err, &refused) && wire.Known(string(refused.Code)):
		refusal(refused).Write(w)
	default:
		unavailable(err).wire().Write(w)
	}
}

// refusal is what the browser learns of a provider's refusal.
func refusal(e *ProviderError) wire.Problem {
	p := wire.Of(string(e.Code))
	p.Methods, p.Reason = e.Methods, e.Reason
	if e.Code == CodeTooManyAttempts {
		p.RetryAfter = max(e.RetryAfter, time.Second)
	}
	return p
}

// unavailable is 503, with the provider's Retry-After, if any.
func unavailable(err error) *Problem {
	p := &Problem{Code: wire.CodeProviderUnavailable}
	var e *ProviderError
	if errors.As(err, &e) {
		p.RetryAfter = e.RetryAfter
	}
	return p
}
