package latchkey

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/latchkey-dev/latchkey/internal/clientip"
)

// A loginAttempt is one login on its way through its lanes.
type loginAttempt struct {
	account digest16 // as the device cookie names it
	browser ID       // as well; zero where it is not known
	lanes   []lane
	own     bool // no other account shares the lanes of the account
}

func (g *Guard) attemptLogin(h http.Header, loginID, ip string, now time.Time) loginAttempt {
	counted := g.canonical(loginID)
	a := loginAttempt{account: g.accountOf(loginID), own: sameCase(counted) == sameCase(loginID)}
	name := g.accountOf(counted)
	if c, known := g.knownBrowser(h, a.account, now); known {
		a.browser = c.browser
		a.lanes = []lane{{deviceLane, string(c.browser[:])}, {devicesLane, string(name[:])}}
		return a
	}
	a.lanes = []lane{{accountLane, string(name[:])}, {addressLane, clientip.Network(ip)}}
	return a
}

// succeeded ends an attempt whose password was right: it clears the lanes of the account and the browser. That of the address only loses this attempt: one who owns an account must not
// buy guesses at others with it (THR-02). So does that of an account whose spelling is not the canonical one: it may be an account of its own at the provider.
func (t *throttle) succeeded(a loginAttempt) {
	for _, l := range a.lanes {
		if l.kind == deviceLane || l.kind != addressLane && a.own {
			t.clear(l)
		} else {
			t.leave([]lane{l})
		}
	}
}

// ForgetFailures forgets how often logins to an account have failed on this node, because its owner has just proved who they are by other means: with a mail, for example.
func (g *Guard) ForgetFailures(loginID string) {
	counted := g.canonical(loginID)
	if sameCase(counted) != sameCase(loginID) {
		return // it may be an account of its own at the provider
	}
	name := g.accountOf(counted)
	g.throttle.clear(lane{accountLane, string(name[:])})
	g.throttle.clear(lane{devicesLane, string(name[:])})
}

// settleAttempt keeps an attempt as a failure only if the password or the code was wrong, or the provider counts attempts itself and has had enough. It clears the
// counts only where the answer proves the password. A login that waits for its code does not: whoever knows the password must not buy guesses at the code with it.
// Nor does a locked account: the provider may have answered before it looked at the password. What took too long counts for the account: a yes may take less time
// than a no. It does not for the address, or all behind it would wait after an outage.
func (g *Guard) settleAttempt(a loginAttempt, err error) {
	var e *ProviderError
	answered := err == nil || errors.As(err, &e)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		g.throttle.leave(a.ofAddress())
	case !answered:
		g.throttle.leave(a.lanes)
	case err == nil:
		g.throttle.succeeded(a)
	case e.Code == CodeInvalidCredentials || e.Code == CodeInvalidCode || e.Code == CodeTooManyAttempts: // it stays
	case provesPassword(e.Code):
		g.throttle.succeeded(a)
	default:
		g.throttle.leave(a.lanes)
	}
}

func (a loginAttempt) ofAddress() []lane {
	return slices.DeleteFunc(slices.Clone(a.lanes), func(l lane) bool { return l.kind != addressLane })
}

// provesPassword tells whether a provider refuses with this code only those who know the password.
func provesPassword(code Code) bool {
	switch code {
	case CodeNotRegistered, CodeEmailNotVerified, CodePasswordChangeRequired, CodePasswordRefused:
		return true
	}
	return false
}
