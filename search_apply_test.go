package latchkey

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
		w.receive(w.wire[s.slot].jar)
		w.wire[s.slot] = message{}
		e.answered = true
	case kill:
		w.kill(s.slot)
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

// arrive is a request of the browser at the server. An answer without cookies changes nothing and is not followed.
func (m *model) arrive(w *world, slot uint8) (e event) {
	e.outcome = m.present(w, w.wire[slot].jar)
	if !m.thief && !e.served && e.fault == (fault{}) {
		e.fault = fault{"S1", "the browser is signed out"}
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
	msg.kind, msg.jar, msg.leg = response, jar{cookies, cookies}, 0
}

// together is two requests that wait for one refresh.
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

// renews tells whether a request with these cookies would begin a flight, or join one.
func (m *model) renews(w world, cookies jar) bool { return m.present(&w, cookies).renewed }

func (w *world) give(c cookie) {
	if c != noCookie {
		w.thiefsSession |= 1 << c
		w.thiefsRefresh |= 1 << c
	}
}

// receive stores cookies as a browser does: in the order in which the answers arrive.
func (w *world) receive(cookies jar) {
	w.disk[1], w.disk[0] = w.disk[0], kept{refresh: w.browser.refresh}
	w.browser = cookies
}

// kill ends the browser and starts it again: with the refresh cookie that had reached the disk, and no session cookie.
// Its requests are still under way; their answers reach nobody.
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
		case response:
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

// afterEnd shows every cookie that anybody has to a session that has ended (S4).
func (m *model) afterEnd(w world) fault {
	for c := oldCookie; c < lostBranch; c++ {
		for _, cookies := range []jar{{c, c}, {session: c}, {refresh: c}} {
			if o := m.present(&w, cookies); o.served {
				return fault{"S4", "served after the end"}
			}
		}
	}
	return fault{}
}
