package latchkey

import "github.com/latchkey-dev/latchkey/internal/wire"

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
