package rotation

// apply changes w by one step. The names of branches and messages stay.
func (m *model) apply(w *world, s step) (e event) {
	switch s.verb {
	case wait:
		w.passTick(m)
	case send, sendLate:
		slot, _ := w.freeMessage(m.wire)
		w.wire[slot] = message{kind: request, jar: w.browser, late: s.verb == sendLate}
		w.lateUsed = w.lateUsed || s.verb == sendLate
	case arrive:
		e = m.arrive(w, s.slot)
	case arriveTogether, useAlong:
		e = m.together(w, s)
	case lose:
		w.wire[s.slot] = message{}
	case receive:
		e.answered = m.receive(w, s.slot)
	case kill:
		w.kill(s.slot)
	case bindKey:
		next := w.state().Bound(ago(1))
		w.store(&next, noCookie)
	case switchProofs:
		w.proofs = !w.proofs
	case refreshEarly:
		e.fault = m.refreshEarly(w)
	case steal:
		w.stolen = true
		w.thiefsSession, w.thiefsRefresh = 1<<s.cookies.session&^1, 1<<s.cookies.refresh&^1
	case use:
		e.outcome = m.present(w, s.cookies)
		e.thief = e.served
		w.give(e.cookies)
	}
	if w.ended && e.fault == (fault{}) {
		e.fault = m.afterEnd(*w)
	}
	return e
}

// arrive is a request of the browser that reaches the server. A response without cookies changes
// nothing, so it is not followed further.
func (m *model) arrive(w *world, slot uint8) (e event) {
	e.outcome = m.present(w, w.wire[slot].jar)
	mayAsk := e.asked == WhetherKept || e.asked == WhetherStale && (m.late || m.binds)
	if !m.thief && !e.served && !mayAsk && e.fault == (fault{}) {
		e.fault = fault{"S1", "the browser is signed out"}
	}
	if e.asked != 0 && !e.served && !w.ended {
		w.ask(slot, e.asked)
		return e
	}
	w.answer(slot, e.cookies)
	e.answered = w.wire[slot].kind == noMessage
	return e
}

func (w *world) answer(slot uint8, cookies cookie) {
	msg := &w.wire[slot]
	if cookies == noCookie || msg.orphaned {
		*msg = message{}
		return
	}
	if msg.late { // but its response is not late
		msg.late, msg.age = false, 0
	}
	msg.kind, msg.jar, msg.leg = response, jar{session: cookies, refresh: cookies}, 0
}

// ask sends a challenge: the browser comes again at once, with the cookies that it has by then.
func (w *world) ask(slot uint8, q Question) {
	msg := &w.wire[slot]
	if msg.orphaned {
		*msg = message{}
		return
	}
	*msg = message{kind: asking, jar: jar{echo: msg.refresh, question: q}}
}

// together is two requests that share one refresh.
func (m *model) together(w *world, s step) event {
	e := m.arrive(w, s.slot)
	joined := m.rules.join(e.cookies)
	if s.verb == arriveTogether {
		w.answer(s.other, joined)
	} else {
		w.give(joined)
		e.thief = true
	}
	return e
}

// renews reports whether a request with these cookies would start or join a flight.
func (m *model) renews(w world, cookies jar) bool { return m.present(&w, cookies).renewed }

func (w *world) give(c cookie) {
	if c != noCookie {
		w.thiefsSession |= 1 << c
		w.thiefsRefresh |= 1 << c
	}
}

// receive stores cookies as a browser does: in the order in which the responses arrive. It reports
// whether the page has its response.
//
// The model does not distinguish the cookies of past generations, so the echo about one of them may
// pass for that about another. If nobody may be signed out, that is the safe side. If a thief must
// be, the echo is forgotten with its cookie, so that it can only be missing.
func (m *model) receive(w *world, slot uint8) (answered bool) {
	msg := &w.wire[slot]
	if msg.kind == asking {
		w.browser.echo, w.browser.question = msg.echo, msg.question
		*msg = message{kind: request, jar: w.browser}
		return false
	}
	w.disk[1], w.disk[0] = w.disk[0], kept{refresh: w.browser.refresh}
	w.browser.session, w.browser.refresh = msg.session, msg.refresh
	if m.thief {
		w.browser.echo, w.browser.question = noCookie, 0
	}
	*msg = message{}
	return true
}

// kill ends the browser and starts it again, with the refresh cookie that had reached the disk and
// no session cookie. Its requests are still in flight; their responses reach nobody.
func (w *world) kill(slot uint8) {
	found := w.browser.refresh
	if int(slot) < len(w.disk) {
		found = w.disk[slot].refresh
	}
	w.browser, w.disk = jar{refresh: found}, [2]kept{}
	for i := range w.wire {
		switch msg := &w.wire[i]; msg.kind {
		case request:
			msg.orphaned = true
		case response, asking:
			*msg = message{}
		}
	}
}

// passTick lets one tick pass.
func (w *world) passTick(m *model) {
	if w.confirmed >= 0 {
		w.confirmed++
	}
	if w.expires > 0 {
		w.expires--
	}
	w.unused++
	w.refreshed++
	for i := range w.age {
		w.age[i]++
	}
	for i := range w.disk {
		w.disk[i].age++
	}
	for i := range w.wire {
		if msg := &w.wire[i]; msg.kind != noMessage {
			msg.age, msg.leg = min(msg.age+1, m.travel+1), min(msg.leg+1, m.leg+1)
		}
	}
}

// afterEnd tries every cookie that anybody has, after the end of the session (S4).
func (m *model) afterEnd(w world) fault {
	for c := oldCookie; c < lostBranch; c++ {
		for _, cookies := range []jar{{c, c, c, WhetherStale}, {c, c, c, WhetherKept}, {session: c, refresh: c}, {session: c}, {refresh: c}} {
			if o := m.present(&w, cookies); o.served {
				return fault{"S4", "served after the end"}
			}
		}
	}
	return fault{}
}
