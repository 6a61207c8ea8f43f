package rotation

// passTick lets one tick pass.
func (w *boundWorld) passTick() {
	w.proved++
	w.record.boundAt++
	w.browser.cookie.end--
	w.browser.challenge--
	w.thief.cookie.end--
	for i := range w.wire {
		w.wire[i].age++
		w.wire[i].cookie.end--
		w.wire[i].challenge--
	}
}

// canonical makes worlds equal that differ in nothing that matters.
func (m *boundModel) canonical(w boundWorld) boundWorld {
	w.proved = min(w.proved, graceOver)
	w.record.boundAt = min(w.record.boundAt, graceOver)
	if w.record.binding != bound {
		w.record.boundAt = 0
	}
	toldMatters := !(w.rolled && w.record.binding == bound) // the store can lose it once
	b := &w.browser
	b.cookie, b.told = b.cookie.until(1), b.told && toldMatters
	if b.challenge = m.useful(b.challenge); b.key != hasKey {
		b.challenge = noChallenge
	}
	w.thief.cookie = w.thief.cookie.until(-1)
	for i := range w.wire {
		msg := &w.wire[i]
		if msg.kind == noBoundMessage {
			*msg = boundMessage{}
			continue
		}
		msg.cookie, msg.challenge, msg.told = msg.cookie.until(0), m.useful(msg.challenge), msg.told && toldMatters
	}
	w.align()
	return w
}

// until drops a cookie that ends before. A browser sends none after its end, but the server accepts
// it a tick longer.
func (c boundCookie) until(before int8) boundCookie {
	if c.key == nobody || c.end < before {
		return boundCookie{}
	}
	return c
}

// useful is the challenge, or noChallenge if it is too old.
func (m *boundModel) useful(challenge int8) int8 {
	if _, ok := m.limits.ProofEnd(in(challenge), searchNow); !ok && challenge < 0 {
		return noChallenge
	}
	return challenge
}

// align names the eras after that of the record. If the record is lost, they are named after the
// newest that anybody has.
func (w *boundWorld) align() {
	top := w.record.era
	if w.record.binding == lost {
		w.eachPair(func(p keyedPair) keyedPair {
			top = max(top, p.era)
			return p
		})
	} else {
		w.record.era = newestEra
	}
	w.eachPair(func(p keyedPair) keyedPair {
		switch {
		case p.era == noEra:
		case p.era < top:
			p.era = before
		case p.era == top:
			p.era = newestEra
		default:
			p.era = beyond
		}
		return p
	})
}

// eachPair replaces all cookies that anybody has.
func (w *boundWorld) eachPair(change func(keyedPair) keyedPair) {
	w.browser.jar = change(w.browser.jar)
	for i := range w.wire {
		w.wire[i].jar = change(w.wire[i].jar)
	}
	old := w.thief.pairs
	w.thief.pairs = 0
	for c := range cookie(16) {
		if old.has(c) {
			w.thief.give(change(keyedPair{era(c >> 1), c&1 == 1}))
		}
	}
}
