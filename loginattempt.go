package latchkey

import (
	"context"
	"errors"
	"net/http"

	"github.com/latchkey-dev/latchkey/internal/throttle"
)

// loginAttempts counts the logins that fail.
type loginAttempts struct {
	*throttle.Logins
	browsers *knownBrowsers
	provider Provider
}

// A loginAttempt is one login, and how it is counted.
type loginAttempt struct {
	account digest16 // as the device cookie names it
	browser ID       // as well; zero if unknown
	counted throttle.Attempt
}

// of returns the attempt that a request makes. It is not counted yet: see throttle.Logins.Enter.
func (l *loginAttempts) of(h http.Header, loginID, ip string) loginAttempt {
	key, ambiguous := throttleKey(l.provider, loginID)
	a := loginAttempt{
		account: l.browsers.account(loginID),
		counted: throttle.Attempt{Account: l.browsers.account(key), Ambiguous: ambiguous, IP: ip},
	}
	if browser, known := l.browsers.find(h, a.account); known {
		a.browser, a.counted.Browser = browser, browser
	}
	return a
}

// throttleKey returns the spelling of a login id under which its failed logins are counted. It is
// ambiguous if the id as typed may be an account of its own at the provider.
func throttleKey(p Provider, loginID string) (key string, ambiguous bool) {
	c, ok := p.(LoginIDCanonicalizer)
	if !ok {
		return loginID, false
	}
	key = c.CanonicalLoginID(loginID)
	return key, throttle.FoldCase(key) != throttle.FoldCase(loginID)
}

// forget resets the count of failed logins to an account.
func (l *loginAttempts) forget(loginID string) {
	if key, ambiguous := throttleKey(l.provider, loginID); !ambiguous {
		l.Forget(l.browsers.account(key))
	}
}

// run runs a login. It counts as a failure only if the password or the code was wrong, or the
// provider's own limit is exceeded. It clears earlier failures only if the result proves the
// password. A login that still needs its code does not: otherwise anyone who knows the password
// could reset the count of guesses at the code. Nor does a locked account, because the provider may
// have responded before it checked the password.
func (l *loginAttempts) run(a loginAttempt, login func() (Grant, error)) (Grant, error) {
	grant, err := login()
	var e *ProviderError
	answered := err == nil || errors.As(err, &e)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		l.TimedOut(a.counted)
	case !answered:
		l.Withdraw(a.counted)
	case err == nil || provesPassword(e.Code):
		l.Succeeded(a.counted)
	// it stays
	case e.Code == CodeInvalidCredentials || e.Code == CodeInvalidCode || e.Code == CodeTooManyAttempts:
	default:
		l.Withdraw(a.counted)
	}
	return grant, err
}

// provesPassword reports whether a provider refuses with this code only those who know the
// password.
func provesPassword(code Code) bool {
	switch code {
	case CodeNotRegistered, CodeEmailNotVerified, CodePasswordChangeRequired, CodePasswordRefused:
		return true
	}
	return false
}
