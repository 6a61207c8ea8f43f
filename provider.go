package latchkey

import (
	"context"
	"log/slog"
	"time"
)

// A Provider checks passwords and issues refresh tokens. Package fusionauth has the one for
// FusionAuth and for the embedded provider; an app with a table of users writes its own, as
// docs/own-users.md shows. Package providertest has the contract as a test suite.
//
// A refusal is a *ProviderError. Every other error means that the provider cannot be asked just now.
// Then the guard answers 503, and nothing ends: a mistake in a provider looks like an outage that
// does not pass, and never like a wrong password.
//
// Its methods are called by many goroutines, each with a deadline (Config.ProviderTimeout).
type Provider interface {
	// Login checks the credentials. A grant has a user with an id that stays theirs, and a refresh
	// token. Each login has a refresh token of its own, with an id of its own. A wrong password and
	// an unknown login id are the same refusal, CodeInvalidCredentials. Other codes say something
	// about an account, and are only for those who know its password.
	Login(ctx context.Context, c Credentials) (Grant, error)

	// Refresh trades a refresh token for a new grant of the same user. Only a *ProviderError with
	// CodeRefreshRefused ends the session. A user who may not log in any more is refused by Login and
	// by Refresh. The response to a Refresh may be lost: then the guard comes again with the token
	// that it has.
	Refresh(ctx context.Context, r Renewal) (Grant, error)

	// Revoke makes the refresh token of that id worthless, whichever refresh brought it last. An id
	// that is gone already is no error.
	Revoke(ctx context.Context, refreshTokenID string) error
}

// A LoginIDCanonicalizer is a Provider that finds one account under several spellings of its login
// id. The guard counts failed logins by account. Without this interface, spellings that differ in
// case only are one account.
type LoginIDCanonicalizer interface {
	// CanonicalLoginID returns the same text for all spellings of one login id. It is called before
	// the Provider has seen the login id, and must be quick.
	CanonicalLoginID(loginID string) string
}

// Credentials are what the login form was filled with, and who sent it. LoginID and Password are not
// empty, and no field has a NUL.
type Credentials struct {
	LoginID     string
	Password    Secret
	Code        Secret // of the second factor, or a recovery code; empty: none was given
	NewPassword Secret // to be set if the provider asks for a change; empty: none was given
	Device      Device
}

// A Renewal asks for a new grant. User is the user as the session knows it, to be brought up to date.
type Renewal struct {
	RefreshToken Secret
	User         User
	Device       Device
}

// A Grant is a provider's yes. RefreshToken is never empty; it may be the one that was traded in.
type Grant struct {
	User           User
	Token          Secret    // JWT, for calls in the user's name (Session.Token); may be empty
	TokenExpiresAt time.Time // zero if unknown
	RefreshToken   Secret
	RefreshTokenID string // for Revoke; empty from Refresh: it has not changed

	// AuthMethods says how the user has proved who they are, in the words of RFC 8176, section 2: "pwd" (password), "otp"
	// (one-time password), "mfa" (several of them), and those registered since, as "pop" (a passkey). Nil: unknown.
	AuthMethods []string

	// PasswordChanged says that Credentials.NewPassword is the user's password now: the sessions that began before end.
	PasswordChanged bool
}

// A User is what the session knows of its user: a closed set of fields, so that nothing secret that a provider keeps
// beside them (registration tokens, second-factor secrets) can reach a browser.
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

// A ProviderError is a provider's definite no. Code is for the browser, Err for the operator.
type ProviderError struct {
	Code       Code
	RetryAfter time.Duration // with CodeTooManyAttempts
	Methods    []string      // with CodeTwoFactorRequired: the kinds of second factor the user has, such as "authenticator"
	Unverified bool          // with CodeNotRegistered: the provider says that the user's e-mail address is not verified
	Reason     string        // with CodePasswordChangeRequired and CodePasswordRefused: why, in the provider's word
	Err        error         // may be nil
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

// A Secret is text that does not print itself. Convert it to string where it is really needed.
type Secret string

// String returns "[secret]".
func (Secret) String() string { return "[secret]" }

// GoString returns "[secret]".
func (Secret) GoString() string { return "[secret]" }

// LogValue returns "[secret]".
func (Secret) LogValue() slog.Value { return slog.StringValue("[secret]") }

// MarshalText returns "[secret]".
func (Secret) MarshalText() ([]byte, error) { return []byte("[secret]"), nil }
