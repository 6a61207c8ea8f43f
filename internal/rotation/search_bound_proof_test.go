package rotation

// firstProof is FirstProof in ticks: the rest of the last one makes no difference.
const firstProof = int8((FirstProof + tick - 1) / tick)

// register is a registration. The first key counts.
func (m *boundModel) register(w *boundWorld, jar keyedPair, by owner) (boundMessage, fault) {
	state := w.record.state()
	if state == nil || state.Registered || jar.keyed || !m.rules.mayRegister(by) {
		return boundMessage{}, fault{}
	}
	w.record.key = by
	next := m.rules.register(*state)
	return boundMessage{kind: registrationAnswer, cookie: boundCookie{by, firstProof}}, w.store(&next)
}

// prove is a proof of a key for this session.
func (m *boundModel) prove(w *boundWorld, msg boundMessage, by owner) (answer boundMessage, f fault) {
	state := w.record.state()
	shown := KeyProof{Refresh: msg.jar.era != noEra, Key: msg.jar.keyed}
	end, inTime := m.rules.proofEnd(&m.limits, in(msg.challenge))
	switch known := w.record.binding >= registered || shown.Key; {
	case msg.challenge == noChallenge || !known:
	case !inTime:
		shown.Answer = StaleAnswer
	case w.record.key != by:
		shown.Answer = WrongAnswer
	default:
		shown.Answer = RightAnswer
	}
	answer = boundMessage{kind: keyAnswer, verdict: m.rules.judgeKey(&m.limits, state, &shown), challenge: noChallenge}
	switch answer.verdict {
	case KeyUnknown:
		return boundMessage{}, fault{}
	case KeyForgotten:
		return answer, fault{}
	case KeyChallenged:
		answer.challenge = 0
		return answer, fault{}
	case KeyBound:
		f = m.bind(w, state, &shown)
	}
	answer.cookie = boundCookie{w.record.key, int8(end.Sub(searchNow) / tick)}
	answer.challenge = int8(NextChallenge(end).Sub(searchNow) / tick)
	if shown.Refresh && !shown.Key && state != nil {
		answer.jar = keyedPair{msg.jar.era, m.rules.marks} // sealed again
	}
	switch {
	case shown.Answer != RightAnswer:
		return answer, fault{"S5", "a wrong answer is a proof"}
	case answer.cookie.end > int8(m.life)+int8(ProofSkew/tick):
		return answer, fault{"S10", "a bound cookie ends too late"}
	}
	return answer, f
}

// bind binds the session, from now on or since its refresh cookie says so.
func (m *boundModel) bind(w *boundWorld, state *State, shown *KeyProof) fault {
	next := state.Bound(searchNow)
	if shown.Key {
		next = m.rules.rebind(*state, ago(w.proved))
	} else {
		w.proved = 0
	}
	return w.store(&next)
}

// proveOlder is a proof of the key of an earlier login, whose session has not ended. The cookies
// that come with it are those of this session.
func (m *boundModel) proveOlder(msg boundMessage) boundMessage {
	older := (&boundRecord{binding: m.older, era: newestEra, live: true, boundAt: graceOver}).state()
	shown := KeyProof{OtherSession: msg.jar.era != noEra, Key: msg.jar.keyed, Answer: RightAnswer}
	answer := boundMessage{kind: keyAnswer, verdict: m.rules.judgeKey(&m.limits, older, &shown), challenge: noChallenge}
	if answer.verdict == KeyProven || answer.verdict == KeyBound {
		answer.cookie = boundCookie{another, int8(m.life)}
		if shown.OtherSession && !shown.Key {
			answer.jar = keyedPair{msg.jar.era, m.rules.marks}
		}
	}
	return answer
}
