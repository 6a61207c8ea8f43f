package rotation

// thiefSteps lists what the thief may do: copy the jar once, and then use any cookies that they
// ever had, with the bound cookie or without it. Their requests take no time.
func (m *boundModel) thiefSteps(w *boundWorld, do func(boundStep)) {
	if !w.thief.stole {
		do(boundStep{verb: boundSteal})
		return
	}
	do(boundStep{verb: registerOwn})
	do(boundStep{verb: proveOwn})
	cookies := []boundCookie{{}}
	if w.thief.cookie.key != nobody {
		cookies = append(cookies, w.thief.cookie)
	}
	for _, session := range w.thief.all() {
		for _, refresh := range append(w.thief.all(), keyedPair{}) {
			for _, c := range cookies {
				if refresh.era == session.era || refresh.era == noEra { // others are judged one by one
					do(boundStep{verb: boundUse, shown: shownCookies{session: session, refresh: refresh, cookie: c}})
				}
			}
		}
	}
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
