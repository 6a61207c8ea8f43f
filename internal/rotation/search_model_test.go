package rotation

import "time"

// A scope bounds a search. Times are in ticks. The other limits of a session are too long to be
// reached.
type scope struct {
	name                        string
	settling, window, idle, cap uint8 // F, W, the idle timeout, the cap on a session id

	wire   int   // messages of the browser in flight at once, besides a late request
	leg    uint8 // the longest delay of one message
	travel uint8 // the longest delay of a request and its response together

	diskLag uint8 // a kill loses the cookies of the last so many ticks
	kills   bool
	thief   bool
	joined  bool // requests with the same cookies may share one flight
	late    bool // one request may take longer than any window
	early   bool // tokens may be refreshed at any time, whatever a JWT's lifetime and RefreshAhead
	watch   bool // the session is bound to a key, and no proofs are asked for
	binds   bool // it may be bound, and proofs may be asked for or not, as the operator likes
	allAges bool // keeps ages of cookies that only a bent rule distinguishes

	jwt, ahead uint8 // or only when due: the lifetime of a JWT, and RefreshAhead
}

// A model is a scope with the rules to search in it.
type model struct {
	scope
	server
}

func newModel(s scope, r rules) *model {
	far := 1e6 * tick
	return &model{scope: s, server: server{rules: r, limits: Limits{
		Idle: ticks(s.idle), Cap: ticks(s.cap), InFlight: ticks(s.window), Settling: ticks(s.settling), RefreshTTL: far, Absolute: far,
		Ahead: ticks(s.ahead),
	}, jwt: ticks(s.jwt)}}
}

// login is where every history begins: the browser has the only branch of generation 1.
func (m *model) login() world {
	return world{bound: m.watch, minted: 1, confirmed: -1, expires: m.cap, browser: jar{session: firstBranch, refresh: firstBranch}}
}

type verb uint8

const (
	wait verb = iota
	send
	sendLate
	arrive
	arriveTogether // two requests, one flight
	lose
	receive
	kill
	steal
	use      // the thief
	useAlong // the thief, sharing the flight of a request of the browser
	refreshEarly
	bindKey // from now on all requests have the proof
	switchProofs
)

// A step is something that may happen next.
type step struct {
	verb    verb
	slot    uint8 // of the message, or on the disk
	other   uint8
	cookies jar
}

// An event is the outcome of a step.
type event struct {
	outcome
	thief    bool // the thief was served
	answered bool // the browser was
}

// steps lists what may happen next in w.
func (m *model) steps(w *world, do func(step)) {
	if w.ended {
		return
	}
	if m.mayWait(w) {
		do(step{verb: wait})
	}
	if _, ok := w.freeMessage(m.wire); ok && w.browser != (jar{}) {
		do(step{verb: send})
		if m.late && !w.lateUsed {
			do(step{verb: sendLate})
		}
	}
	for i, a := range w.wire {
		slot := uint8(i)
		switch a.kind {
		case request:
			do(step{verb: arrive, slot: slot})
			do(step{verb: lose, slot: slot})
			m.company(w, slot, do)
		case response, asking:
			do(step{verb: receive, slot: slot})
			do(step{verb: lose, slot: slot})
		}
	}
	if m.binds {
		do(step{verb: switchProofs})
		if !w.bound {
			do(step{verb: bindKey})
		}
	}
	if m.early {
		do(step{verb: refreshEarly})
	}
	if m.kills {
		do(step{verb: kill, slot: uint8(len(w.disk))})
		for i, k := range w.disk {
			if k.refresh != noCookie {
				do(step{verb: kill, slot: uint8(i)})
			}
		}
	}
	if m.thief {
		m.thiefSteps(w, do)
	}
}

func (m *model) mayWait(w *world) bool {
	for _, msg := range w.wire {
		if msg.kind != noMessage && !msg.late && (msg.age >= m.travel || msg.leg >= m.leg) {
			return false
		}
	}
	return true
}

// company lists the messages that may share the flight of the request in slot.
func (m *model) company(w *world, slot uint8, do func(step)) {
	a := w.wire[slot]
	if !m.joined || !m.renews(*w, a.jar) {
		return
	}
	for i, b := range w.wire {
		if uint8(i) != slot && b.kind == request && b.refresh == a.refresh && m.renews(*w, b.jar) {
			do(step{verb: arriveTogether, slot: slot, other: uint8(i)})
		}
	}
	thiefs := jar{refresh: a.refresh}
	if w.thiefsSession.has(a.refresh) {
		thiefs.session = a.refresh
	}
	if w.thiefsRefresh.has(a.refresh) && m.renews(*w, thiefs) {
		do(step{verb: useAlong, slot: slot, cookies: thiefs})
	}
}

// thiefSteps lists what the thief may do: copy the jar once, whole or in part, and then use any
// cookie that they ever had. Their requests take no time, which loses nothing: what arrives late
// could have been sent late.
func (m *model) thiefSteps(w *world, do func(step)) {
	if !w.stolen && w.browser != (jar{}) {
		do(step{verb: steal, cookies: w.browser})
		if w.browser.session != noCookie && w.browser.refresh != noCookie {
			do(step{verb: steal, cookies: jar{session: w.browser.session}})
			do(step{verb: steal, cookies: jar{refresh: w.browser.refresh}})
		}
	}
	for c := siblingCookie; c < lostBranch; c++ {
		if w.thiefsSession.has(c) {
			do(step{verb: use, cookies: jar{session: c}})
		}
		if w.thiefsRefresh.has(c) {
			do(step{verb: use, cookies: jar{refresh: c}})
		}
		if w.thiefsSession.has(c) && w.thiefsRefresh.has(c) {
			do(step{verb: use, cookies: jar{session: c, refresh: c}})
		}
	}
}

func ticks[T uint8 | int](n T) (d time.Duration) { return time.Duration(n) * tick }
