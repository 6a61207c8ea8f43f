package rotation

// A boundScope bounds a search.
type boundScope struct {
	name string
	life uint8 // L
	leg  uint8 // the longest delay of a message

	instant  bool    // requests of the page take no time
	older    binding // of the browser's earlier login; lost: there was none
	loses    bool    // the browser may lose its key, or get old cookies back
	goesBack bool    // the store may go back once
	inFlight bool    // and that while messages are in flight
	thief    bool
}

// A boundModel is a scope with the rules to search in it.
type boundModel struct {
	boundScope
	limits Limits
	rules  boundRules
}

func newBoundModel(s boundScope, r boundRules) *boundModel {
	far := 1e6 * tick
	return &boundModel{boundScope: s, rules: r, limits: Limits{
		Idle: far, Cap: 2 * far, InFlight: tick, Settling: tick, RefreshTTL: far, Absolute: far, Proofs: true, ProofLife: ticks(s.life),
	}}
}

// logins are where the histories begin. The key of an earlier login may be there still, with its
// bound cookie, and a proof of it in flight.
func (m *boundModel) logins() []boundWorld {
	w := boundWorld{record: boundRecord{binding: unregistered, era: newestEra, live: true}, proved: graceOver}
	w.browser = boundBrowser{jar: keyedPair{era: newestEra}, offered: true, challenge: noChallenge}
	if m.older == lost {
		return []boundWorld{w}
	}
	w.browser.older = hasKey
	if m.older == registered {
		return []boundWorld{w}
	}
	late := w
	late.browser.cookie = boundCookie{another, int8(m.life)}
	late.wire[olderLane] = boundMessage{kind: keyProof, challenge: noChallenge}
	return []boundWorld{w, late}
}

type boundVerb uint8

const (
	boundWait boundVerb = iota
	boundSend
	sendBare // a proof without cookies
	boundArrive
	boundLose
	boundReceive
	dislike // the instructions that come with a registration
	boundVisit
	expire
	loseKey
	restore
	goBack
	boundSteal
	boundUse
	registerOwn
	proveOwn
)

// A boundStep is something that may happen next.
type boundStep struct {
	verb  boundVerb
	lane  lane
	to    boundRecord  // goBack
	pair  keyedPair    // restore
	shown shownCookies // boundUse
}

// steps lists what may happen next in w.
func (m *boundModel) steps(w *boundWorld, do func(boundStep)) {
	if m.mayWait(w) {
		do(boundStep{verb: boundWait})
	}
	for l := range lanes {
		m.messageSteps(w, l, do)
	}
	if w.record.live {
		do(boundStep{verb: expire})
	}
	if m.loses && w.browser.key == hasKey {
		do(boundStep{verb: loseKey})
		do(boundStep{verb: restore, pair: keyedPair{era: before}})
		do(boundStep{verb: restore, pair: keyedPair{before, w.browser.jar.keyed}})
	}
	if m.goesBack && !w.rolled && (m.inFlight || w.wire == [lanes]boundMessage{}) {
		m.rollbacks(w, do)
	}
	if m.thief {
		m.thiefSteps(w, do)
	}
}

func (m *boundModel) mayWait(w *boundWorld) bool {
	for _, msg := range w.wire {
		if msg.kind != noBoundMessage && msg.age >= m.leg {
			return false
		}
	}
	return true
}

func (m *boundModel) messageSteps(w *boundWorld, l lane, do func(boundStep)) {
	switch msg := w.wire[l]; msg.kind {
	case noBoundMessage:
		switch {
		case l == pageLane && m.instant:
			do(boundStep{verb: boundVisit})
		case l == pageLane, l == keyLane && w.browser.offered:
			do(boundStep{verb: boundSend, lane: l})
		case w.browser.has(l):
			do(boundStep{verb: boundSend, lane: l})
			do(boundStep{verb: sendBare, lane: l})
		}
	case pageRequest, registration, keyProof:
		do(boundStep{verb: boundArrive, lane: l})
		do(boundStep{verb: boundLose, lane: l})
	default:
		do(boundStep{verb: boundReceive, lane: l})
		do(boundStep{verb: boundLose, lane: l})
		if msg.kind == registrationAnswer {
			do(boundStep{verb: dislike, lane: l})
		}
	}
}

// has reports whether the browser has the key that is proved in a lane.
func (b *boundBrowser) has(l lane) bool {
	return l == keyLane && b.key == hasKey || l == olderLane && b.older == hasKey
}

// rollbacks lists to what the store may go back: to nothing, to a binding or a generation of
// before, whose session ids may have expired or not.
func (m *boundModel) rollbacks(w *boundWorld, do func(boundStep)) {
	do(boundStep{verb: goBack, to: boundRecord{key: w.record.key}})
	for b := unregistered; b <= w.record.binding; b++ {
		for _, e := range []era{before, newestEra} {
			to := w.record
			to.binding, to.era = b, e
			do(boundStep{verb: goBack, to: to})
			to.live = !to.live
			do(boundStep{verb: goBack, to: to})
		}
	}
}
