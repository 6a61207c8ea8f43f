package rotation

// apply changes w by one step.
func (m *boundModel) apply(w *boundWorld, s boundStep) (f fault) {
	b := &w.browser
	switch s.verb {
	case boundWait:
		w.passTick()
	case boundSend:
		w.send(s.lane, b.jar)
	case sendBare:
		w.send(s.lane, keyedPair{})
	case boundArrive:
		f = m.arrive(w, s.lane)
	case boundLose:
		w.wire[s.lane] = boundMessage{}
	case boundReceive:
		f = m.receive(w, s.lane)
	case dislike:
		b.cookie, w.wire[s.lane] = w.wire[s.lane].cookie, boundMessage{}
	case boundVisit:
		w.send(pageLane, b.jar)
		if f = m.arrive(w, pageLane); f == (fault{}) {
			f = m.receive(w, pageLane)
		}
	case expire:
		w.record.live = false
	case loseKey:
		b.key = lostKey
	case restore:
		b.jar, b.cookie, b.told = s.pair, boundCookie{}, false
	case goBack:
		w.goBack(s.to)
	default:
		f = m.applyThief(w, s)
	}
	return f
}

// send sends a request with these cookies.
func (w *boundWorld) send(l lane, cookies keyedPair) {
	b := &w.browser
	msg := boundMessage{kind: keyProof, jar: cookies, challenge: noChallenge}
	switch {
	case l == pageLane:
		keyless := b.key == noKey || b.key == dropped && !w.thief.stole
		msg.kind, msg.cookie, msg.told, msg.ready = pageRequest, b.cookie, b.told, keyless || b.cookie.key == browser
	case l == keyLane && b.offered:
		msg.kind, b.offered = registration, false
	case l == keyLane:
		msg.challenge = b.challenge
	}
	w.wire[l] = msg
}

// receive is a response that reaches the browser.
func (m *boundModel) receive(w *boundWorld, l lane) fault {
	msg, b := w.wire[l], &w.browser
	w.wire[l] = boundMessage{}
	switch msg.kind {
	case pageAnswer:
		b.jar, b.told = msg.jar, msg.told
	case pageAgain:
		b.cookie = boundCookie{}
	case registrationAnswer:
		b.cookie, b.key, b.challenge = msg.cookie, hasKey, msg.challenge
	case keyAnswer:
		return m.receiveVerdict(w, l, msg)
	}
	return fault{}
}

// receiveVerdict is a response to a proof.
func (m *boundModel) receiveVerdict(w *boundWorld, l lane, msg boundMessage) fault {
	b := &w.browser
	switch msg.verdict {
	case KeyForgotten:
		if l == keyLane {
			b.key = dropped
		} else {
			b.older = dropped
		}
		had := b.cookie
		if b.cookie = m.rules.farewell(had); b.cookie != had {
			return fault{"S7", "with the key of one session goes the proof of another"}
		}
	case KeyChallenged:
		b.challenge = msg.challenge
		if b.has(l) {
			w.send(l, b.jar)
		}
	default:
		b.cookie = msg.cookie
		if msg.jar.era != noEra {
			b.jar, b.told = msg.jar, l == keyLane
		}
		if l == keyLane {
			b.challenge = msg.challenge
		}
	}
	return fault{}
}

// goBack makes the store forget its newest writes.
func (w *boundWorld) goBack(to boundRecord) {
	w.rolled = true
	if to.era == before {
		w.eachPair(func(p keyedPair) keyedPair {
			if p.era != noEra {
				p.era++
			}
			return p
		})
		to.era = newestEra
	}
	w.record = to
}

// applyThief is a step of the thief.
func (m *boundModel) applyThief(w *boundWorld, s boundStep) (f fault) {
	t := &w.thief
	switch s.verb {
	case boundSteal:
		t.stole = true
		t.give(w.browser.jar)
		if w.browser.cookie.key == browser {
			t.cookie = w.browser.cookie
		}
	case boundUse:
		f = m.use(w, s.shown)
	case registerOwn:
		var answer boundMessage
		if answer, f = m.register(w, keyedPair{era: newestEra}, thief); answer.kind == registrationAnswer {
			t.cookie = answer.cookie
		}
	case proveOwn:
		for _, p := range append(t.all(), keyedPair{}) {
			answer, fault := m.prove(w, boundMessage{jar: p}, thief)
			if f = fault; answer.cookie.key == thief {
				t.cookie = answer.cookie
				break
			}
		}
	}
	return f
}

// use is a request of the thief. The bound cookie and the refresh cookie of the thief's own session
// must make no difference (S9).
func (m *boundModel) use(w *boundWorld, r shownCookies) fault {
	other := *w
	o := m.present(w, r)
	w.thief.give(o.minted)
	if o.fault != (fault{}) || r.cookie.key != nobody {
		return o.fault
	}
	r.cookie, r.foreign = boundCookie{another, int8(m.life)}, r.refresh.era == noEra
	if o2 := m.present(&other, r); o2.fault.property == "S9" || o2.served != o.served || other.record != w.record {
		return fault{"S9", "the cookies of another session make a difference"}
	}
	return fault{}
}
