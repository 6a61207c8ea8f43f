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

// arrive is a request of the browser that reaches the server.
func (m *boundModel) arrive(w *boundWorld, l lane) (f fault) {
	msg := &w.wire[l]
	switch {
	case l == pageLane:
		return m.arrivePage(w, msg)
	case msg.kind == registration:
		*msg, f = m.register(w, msg.jar, browser)
	case l == keyLane:
		*msg, f = m.prove(w, *msg, browser)
	default:
		*msg = m.proveOlder(*msg)
	}
	return f
}

// arrivePage is a request of the page.
func (m *boundModel) arrivePage(w *boundWorld, msg *boundMessage) fault {
	sent, live := *msg, w.record.live
	o := m.present(w, shownCookies{session: sent.jar, refresh: sent.jar, cookie: sent.cookie})
	*msg = boundMessage{told: sent.told}
	switch {
	case o.minted.era != noEra:
		msg.kind, msg.jar = pageAnswer, o.minted
	case o.again:
		msg.kind = pageAgain
	}
	hasProof, isOthers := sent.cookie.key == browser, o.again && sent.cookie.key == another
	switch {
	case o.fault != (fault{}):
		return o.fault
	case sent.ready && !o.served && !isOthers && sent.age < graceOver && (live || hasProof):
		return fault{"S7", "a request is refused that had no reason to wait for a proof"}
	case o.served && sent.told && w.record.binding != bound:
		return fault{"S8", "the key is still missing after a request of its browser"}
	}
	return fault{}
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
