package latchkey

import "github.com/latchkey-dev/latchkey/internal/clientip"

// A loginAttempt is one login on its way through its lanes.
type loginAttempt struct {
	account, browser string // as the device cookie names them
	lanes            []lane
	own              bool // no other account shares the lanes
}

func (g *Guard) attemptLogin(loginID, deviceCookie, ip string) loginAttempt {
	a := loginAttempt{account: g.cookies.device.account(loginID), own: true}
	var known bool
	if a.browser, known = g.cookies.device.verify(deviceCookie, a.account); known {
		a.lanes = []lane{{deviceLane, a.account + a.browser}}
		return a
	}
	counted := g.canonical(loginID)
	a.lanes = []lane{{accountLane, g.cookies.device.account(counted)}, {addressLane, clientip.Network(ip)}}
	a.own = sameCase(counted) == sameCase(loginID)
	return a
}

// succeeded ends an attempt whose password was right. A spelling that is not the canonical one may be an account of its own at the provider: whoever has that must not buy guesses
// at the others with it.
func (t *throttle) succeeded(a loginAttempt) {
	if a.own {
		t.succeed(a.lanes)
	} else {
		t.leave(a.lanes)
	}
}
