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
	counted := guessedAs(loginID)
	a.lanes, a.own = []lane{{accountLane, g.cookies.device.account(counted)}, {addressLane, clientip.Network(ip)}}, counted == sameCase(loginID)
	return a
}

// succeeded ends an attempt whose password was right. Where accounts may share the lanes, whoever has one of them must not buy guesses at the others with it.
func (t *throttle) succeeded(a loginAttempt) {
	if a.own {
		t.succeed(a.lanes)
	} else {
		t.leave(a.lanes)
	}
}
