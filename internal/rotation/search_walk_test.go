package rotation

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// A Walk is one random history in the model, for a test that plays the same before a real Guard.
type Walk struct {
	model *model
	world world
}

// NewWalk draws the limits of a history at random. Its JWTs expire, and are refreshed ahead of
// time.
func NewWalk(random *rand.Rand) *Walk {
	m := newModel(scope{
		settling: 1, window: 1 + uint8(random.IntN(2)), idle: 8, cap: 8, wire: 3, leg: 2, travel: 2, kills: true, diskLag: 2, thief: true,
		jwt: 1 + uint8(random.IntN(10)), ahead: uint8(random.IntN(9)),
	}, guardsRules)
	return &Walk{m, m.login()}
}

// Limits are those of the history.
func (w *Walk) Limits() Limits { return w.model.limits }

// JWTLifetime is the lifetime of each JWT.
func (w *Walk) JWTLifetime() time.Duration { return w.model.server.jwt }

// Tick is the unit of time.
const Tick = tick

// Epoch is when a history may begin.
var Epoch = epoch

// What cookies are to the newest generation. There are Cookies kinds of them.
const (
	NoCookie    = int(noCookie)
	Old         = int(oldCookie)
	Sibling     = int(siblingCookie)
	Predecessor = int(predecessorCookie)
	First       = int(firstBranch)
	Cookies     = int(lostBranch)
)

// A Request is what comes to the server, and what it must come to.
type Request struct {
	Session, Refresh, Echo int // the cookies that it has, or NoCookie
	Question               Question

	Minted  int    // the cookies of the response, or NoCookie
	Outcome string // in a word or two
	Result  string // to be compared
}

// Step takes a random step. It returns how many ticks that takes, and the request that arrives, if
// any. It returns false at the end of the history.
func (w *Walk) Step(random *rand.Rand) (ticks int, r *Request, ok bool) {
	var all []step
	w.model.steps(&w.world, func(s step) { all = append(all, s) })
	if len(all) == 0 {
		return 0, nil, false
	}
	s, before := all[random.IntN(len(all))], w.world
	e := w.model.apply(&w.world, s)
	w.model.forget(&w.world)
	shown := s.cookies
	switch s.verb {
	case wait:
		return 1, nil, true
	case arrive:
		shown = before.wire[s.slot].jar
	case use:
	default:
		return 0, nil, true
	}
	r = &Request{
		Session: int(shown.session), Refresh: int(shown.refresh), Echo: int(shown.echo), Question: shown.question,
		Minted: int(e.cookies), Outcome: e.outcome.String(),
	}
	state := w.world.state()
	r.Result = Result(e.served, e.cookies != noCookie, e.asked != 0 && !e.served, e.reason != "", state, searchNow, w)
	return 0, r, true
}

// Result describes the outcome of a request, and the state after it.
func Result(served, minted, asked, ended bool, s *State, now time.Time, w *Walk) string {
	text := fmt.Sprintf("served %t, minted %t, asked %t, ended %t", served, minted, asked, ended)
	if s.Ended {
		return text + ", over"
	}
	refreshed := min(now.Sub(s.RefreshedAt), ticks(w.model.lately()))
	return text + fmt.Sprintf(", forked %t, confirmed %t, settled %t, expires in %v, refreshed %v ago",
		s.Forked, !s.ConfirmedAt.IsZero(), s.Settled != Digest{}, max(0, s.ExpiresAt.Sub(now)), refreshed)
}
