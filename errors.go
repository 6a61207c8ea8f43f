package latchkey

import (
	"errors"
	"net/http"
	"time"

	"github.com/latchkey-dev/latchkey/internal/wire"
)

// A Code names an answer that is not a success, in the body of the answer. Codes do not change between versions.
type Code string

// The codes with which a provider refuses. All but CodeInvalidCredentials and CodeTooManyAttempts say something about an account,
// and are allowed only when the password was right (ASVS V6.3.8).
const (
	CodeInvalidCredentials     Code = wire.CodeInvalidCredentials
	CodeNotRegistered          Code = wire.CodeNotRegistered
	CodeEmailNotVerified       Code = wire.CodeEmailNotVerified
	CodeAccountLocked          Code = wire.CodeAccountLocked
	CodeLoginPrevented         Code = wire.CodeLoginPrevented
	CodeTwoFactorRequired      Code = wire.CodeTwoFactorRequired
	CodePasswordChangeRequired Code = wire.CodePasswordChangeRequired
	CodeInvalidCode            Code = wire.CodeInvalidCode     // of the second factor
	CodePasswordRefused        Code = wire.CodePasswordRefused // the new one, by the provider's rules
	CodeTooManyAttempts        Code = wire.CodeTooManyAttempts
	CodeRefreshRefused         Code = "refresh_refused" // the refresh token is dead; ends the session
)

// A Problem is an error that WriteError answers in the form of RFC 9457, as this package answers its
// own. An app uses it for refusals of its own, and so its 403 looks like ours.
type Problem struct {
	// Code is for programs and does not change between versions. The codes of docs/http.md have a
	// status and a title of their own; an app may have others.
	Code Code
	// Status is the status of the response. 0: that of the code.
	Status int
	// Title is for people, and the same for all problems of a code. Empty: that of the code.
	Title string
	// Detail says what is wrong with this very request, and quotes no secret. It may be empty.
	Detail string
	// EndReason says with login_required why the session has ended. Empty: it is not known.
	EndReason EndReason
	// RetryAfter is when to try again, in whole seconds. 0: not said, or that of the code.
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

// WriteError answers with what err says: a *Problem, or the refusal of a *ProviderError. Every other
// error means that the provider or the store cannot be asked, and is answered with 503
// provider_unavailable; it is neither shown nor logged.
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

// refusal is what the browser gets to know of a provider's no.
func refusal(e *ProviderError) wire.Problem {
	p := wire.Of(string(e.Code))
	p.Methods, p.Reason = e.Methods, e.Reason
	if e.Code == CodeTooManyAttempts {
		p.RetryAfter = max(e.RetryAfter, time.Second)
	}
	return p
}

// unavailable is 503, with the wait that the provider asked for, if it did.
func unavailable(err error) *Problem {
	p := &Problem{Code: wire.CodeProviderUnavailable}
	var e *ProviderError
	if errors.As(err, &e) {
		p.RetryAfter = e.RetryAfter
	}
	return p
}
