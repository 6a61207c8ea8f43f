package latchkey

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/latchkey-dev/latchkey/internal/throttle"
)

// A loginAttempt is one login, and how it is counted.
type loginAttempt struct {
	account digest16 // as the device cookie names it
	browser ID       // as well; zero where it is not known
	counted throttle.Attempt
}

func (g *Guard) attemptLogin(h http.Header, loginID, ip string, now time.Time) loginAttempt {
	key, ambiguous := throttleKey(g.provider, loginID)
	a := loginAttempt{
		account: g.accountOf(loginID),
		counted: throttle.Attempt{Account: g.accountOf(key), Ambiguous: ambiguous, IP: ip},
	}
	if c, known := g.knownBrowser(h, a.account, now); known {
		a.browser, a.counted.Browser = c.browser, c.browser
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

// ForgetFailures forgets how often logins to an account have failed on this node, because its owner
// has just proved who they are by other means: with a mail, for example.
func (g *Guard) ForgetFailures(loginID string) {
	if key, ambiguous := throttleKey(g.provider, loginID); !ambiguous {
		g.throttle.Forget(g.accountOf(key))
	}
}

// settleAttempt keeps an attempt as a failure only if the password or the code was wrong, or if the
// provider counts attempts itself and has had enough. It clears the failures only if the answer
// proves the password. A login that waits for its code does not: one who knows the password must
// not buy guesses at the code with it. Nor does a locked account: the provider may have answered
// before it looked at the password.
func (g *Guard) settleAttempt(a loginAttempt, err error) {
	var e *ProviderError
	answered := err == nil || errors.As(err, &e)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		g.throttle.TimedOut(a.counted)
	case !answered:
		g.throttle.Withdraw(a.counted)
	case err == nil || provesPassword(e.Code):
		g.throttle.Succeeded(a.counted)
	// it stays
	case e.Code == CodeInvalidCredentials || e.Code == CodeInvalidCode || e.Code == CodeTooManyAttempts:
	default:
		g.throttle.Withdraw(a.counted)
	}
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
