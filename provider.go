package latchkey

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/latchkey-dev/latchkey/internal/wire"
)

// A Provider checks passwords and issues refresh tokens. Package fusionauth has one for FusionAuth
// and the embedded provider. An app with its own users table writes one; see docs/own-users.md.
// Package providertest is the contract as a test suite.
//
// A refusal is a *ProviderError. Any other error means that the provider is unavailable. Then the
// guard answers 503, and no session ends: a bug in a provider looks like a permanent outage, never
// like a wrong password.
//
// Methods are called concurrently, each with a deadline (Config.ProviderTimeout).
type Provider interface {
	// Login checks the credentials. A grant has a user with a permanent id, and a refresh token.
	// Each login has its own refresh token, with its own id. A wrong password and an unknown login
	// id are the same refusal, CodeInvalidCredentials. Other codes reveal something about an
	// account, and are only for those who know its password.
	Login(ctx context.Context, c Credentials) (Grant, error)

	// Refresh trades a refresh token for a new grant of the same user. Only a *ProviderError with
	// CodeRefreshRefused ends the session. Login and Refresh refuse a user who may no longer log
	// in. If the response is lost, the guard retries with the token that it has.
	Refresh(ctx context.Context, r Renewal) (Grant, error)

	// Revoke invalidates the refresh token of that id, including the one that the last refresh
	// returned. An id that no longer exists is not an error.
	Revoke(ctx context.Context, refreshTokenID string) error
}

// A LoginIDCanonicalizer is a Provider that accepts several spellings of a login id. The guard
// counts failed logins by account. Without this interface, spellings that differ only in case count
// as one account.
type LoginIDCanonicalizer interface {
	// CanonicalLoginID returns the same text for all spellings of one login id. It is called before
	// Login, and must be fast.
	CanonicalLoginID(loginID string) string
}

// Credentials are the contents of the login form, and the device that sent it. LoginID and Password
// are not empty, and no field contains a NUL.
type Credentials struct {
	LoginID     string
	Password    Secret
	Code        Secret // second factor or recovery code; empty if not given
	NewPassword Secret // set it if the provider requires a change; empty if not given
	Device      Device
}

// A Renewal asks for a new grant. User is the user as the session knows it, which the grant
// updates.
type Renewal struct {
	RefreshToken Secret
	User         User
	Device       Device
}

// A Grant is what a provider issues on success. RefreshToken is never empty; it may be the one that
// was traded in.
type Grant struct {
	User           User
	Token          Secret    // JWT for calls on the user's behalf (Session.Token); may be empty
	TokenExpiresAt time.Time // zero if unknown
	RefreshToken   Secret
	RefreshTokenID string // for Revoke; empty from Refresh if it has not changed

	// AuthMethods is how the user authenticated, in the terms of RFC 8176, section 2: "pwd"
	// (password), "otp" (one-time password), "mfa" (several factors), "pop" (passkey). Nil if
	// unknown.
	AuthMethods []string

	// PasswordChanged reports that Credentials.NewPassword is now the user's password. All sessions
	// that started earlier end.
	PasswordChanged bool
}

// A User is what a session knows about its user. The set of fields is closed, so that no other data
// of a provider (registration tokens, second-factor secrets) can reach a browser.
type User struct {
	ID                string   `json:"id"`
	Email             string   `json:"email,omitempty"`
	EmailVerified     bool     `json:"emailVerified,omitempty"`
	Username          string   `json:"username,omitempty"`
	FirstName         string   `json:"firstName,omitempty"`
	LastName          string   `json:"lastName,omitempty"`
	FullName          string   `json:"fullName,omitempty"`
	ImageURL          string   `json:"imageUrl,omitempty"`
	PreferredLanguage string   `json:"preferredLanguage,omitempty"`
	Timezone          string   `json:"timezone,omitempty"`
	Roles             []string `json:"roles,omitempty"`
}

// A ProviderError is a provider's refusal. Code is for the browser, Err for the operator.
type ProviderError struct {
	Code       Code
	RetryAfter time.Duration // with CodeTooManyAttempts
	// Methods lists, with CodeTwoFactorRequired, the user's second factors, such as
	// "authenticator".
	Methods []string
	// Unverified reports, with CodeNotRegistered, that the user's e-mail address is not verified.
	Unverified bool
	// Reason is the provider's code for why, with CodePasswordChangeRequired and
	// CodePasswordRefused.
	Reason string
	Err    error // may be nil
}

// Error is for the operator. It never holds a secret.
func (e *ProviderError) Error() string {
	if e.Err == nil {
		return "provider: " + string(e.Code)
	}
	return "provider: " + string(e.Code) + ": " + e.Err.Error()
}

// Unwrap returns Err.
func (e *ProviderError) Unwrap() error { return e.Err }

// A Secret is text that does not print itself. Convert it to a string only where it is needed.
type Secret string

// String returns "[secret]".
func (Secret) String() string { return "[secret]" }

// GoString returns "[secret]".
func (Secret) GoString() string { return "[secret]" }

// LogValue returns "[secret]".
func (Secret) LogValue() slog.Value { return slog.StringValue("[secret]") }

// MarshalText returns "[secret]".
func (Secret) MarshalText() ([]byte, error) { return []byte("[secret]"), nil }

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
