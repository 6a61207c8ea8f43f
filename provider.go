package latchkey

import (
	"context"
	"log/slog"
	"time"
)

// A Provider checks passwords and issues tokens. Package fusionauth has the one for FusionAuth and
// for the embedded provider.
//
// Failures are a *ProviderError. Every other error means that the provider cannot be asked just now:
// the guard answers 503, and nothing ends.
type Provider interface {
	// Login checks the credentials.
	Login(ctx context.Context, c Credentials) (Grant, error)

	// Refresh trades a refresh token for a new grant. Only a *ProviderError with CodeRefreshRefused ends the session.
	Refresh(ctx context.Context, r Renewal) (Grant, error)

	// Revoke makes the refresh token of that id worthless. An id that is gone already is no error.
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

// Credentials are what the login form was filled with, and who sent it.
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
	Token          Secret    // JWT
	TokenExpiresAt time.Time // zero where unknown
	RefreshToken   Secret
	RefreshTokenID string

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
