package rotation

import (
	"fmt"
	"slices"
	"strings"
)

// tell tells the shortest way to the fault, or to the last world.
func (g *boundSearch) tell() string {
	var lines []string
	for i := uint32(len(g.worlds) - 1); g.way[i] != (boundWay{}); i = g.way[i].from {
		lines = append(lines, fmt.Sprintf("%s\n        %s", g.way[i].step.in(&g.worlds[g.way[i].from]), &g.worlds[i]))
	}
	slices.Reverse(lines)
	return strings.Join(lines, "\n")
}

// in tells a step that is taken in w.
func (s boundStep) in(w *boundWorld) string {
	msg := boundKinds[w.wire[s.lane].kind]
	switch s.verb {
	case boundWait:
		return "a tick passes"
	case boundSend:
		if s.lane == keyLane && w.browser.offered {
			return "the browser registers its key"
		}
		return laneNames[s.lane]
	case sendBare:
		return laneNames[s.lane] + ", without cookies"
	case boundArrive:
		return "the " + msg + " arrives"
	case boundLose:
		return "the " + msg + " is lost"
	case boundReceive:
		return "the browser receives the " + msg
	case dislike:
		return "the browser refuses the instructions of its registration"
	case boundVisit:
		return "the page sends a request, which is answered at once"
	case expire:
		return "the session ids expire"
	case loseKey:
		return "the browser loses its key"
	case restore:
		return fmt.Sprintf("the browser gets back %v", s.pair)
	case goBack:
		return "the store goes back to " + bindingNames[s.to.binding]
	case boundSteal:
		return "the thief copies the jar"
	case boundUse:
		return fmt.Sprintf("the thief uses the session cookie %v, the refresh cookie %v and %v", s.shown.session, s.shown.refresh, s.shown.cookie)
	case registerOwn:
		return "the thief registers a key"
	case proveOwn:
		return "the thief proves a key"
	}
	return ""
}

var (
	laneNames    = [...]string{"the page sends a request", "the browser proves its key", "the browser proves the key of the earlier login"}
	boundKinds   = [...]string{"nothing", "page's request", "page's answer", "307", "registration", "answer to the registration", "proof", "answer to the proof"}
	bindingNames = [...]string{"nothing", "a record without a key", "a record with a key", "a bound record"}
	eraNames     = [...]string{"none", "n-1", "n", "n+1"}
	keyNames     = [...]string{"no key", "its key", "its key lost", "its key dropped"}
	ownerNames   = [...]string{"no proof", "a proof", "a proof for another session", "a proof of the thief's key"}
)

// String tells what anybody has.
func (w *boundWorld) String() string {
	text := fmt.Sprintf("store: %s, live %t; browser: %v, %v, %s", bindingNames[w.record.binding], w.record.live, w.browser.jar, w.browser.cookie, keyNames[w.browser.key])
	if w.thief.stole {
		text += fmt.Sprintf("; thief: %v, %v", w.thief.all(), w.thief.cookie)
	}
	return text
}

func (p keyedPair) String() string {
	if p.keyed {
		return eraNames[p.era] + " keyed"
	}
	return eraNames[p.era]
}

func (c boundCookie) String() string {
	if c.key == nobody {
		return ownerNames[nobody]
	}
	return fmt.Sprintf("%s for %d", ownerNames[c.key], c.end)
}
