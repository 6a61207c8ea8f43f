package rotation

import "time"

// boundRules are what is searched: the functions of rule 8, and what the guard does beside them.
type boundRules struct {
	judge    func(l *Limits, s *State, p *Proof) Verdict // s is nil if the store has lost the session
	judgeKey func(l *Limits, s *State, p *KeyProof) KeyVerdict
	proofEnd func(l *Limits, challenge time.Time) (end time.Time, ok bool)
	rebind   func(s State, at time.Time) State

	proves      func(w *boundWorld, r shownCookies, p *Proof) bool
	register    func(s State) State
	mayRegister func(by owner) bool
	marks       bool                            // cookies of bound sessions are keyed
	farewell    func(c boundCookie) boundCookie // what becomes of the bound cookie when a key is dropped
}

// guardsBoundRules are the rules of the guard.
var guardsBoundRules = boundRules{
	judge: func(l *Limits, s *State, p *Proof) Verdict {
		if s == nil {
			return l.JudgeLost(p)
		}
		return l.Judge(s, p, s.LastSeenAt, searchNow)
	},
	judgeKey: func(l *Limits, s *State, p *KeyProof) KeyVerdict { return l.JudgeKey(s, p, searchNow) },
	proofEnd: func(l *Limits, challenge time.Time) (time.Time, bool) { return l.ProofEnd(challenge, searchNow) },
	rebind:   State.Bound,

	proves: func(w *boundWorld, r shownCookies, p *Proof) bool {
		known := w.record.binding >= registered || p.Key
		return known && r.cookie.key == w.record.key && ProofLives(in(r.cookie.end), searchNow)
	},
	register: func(s State) State {
		s.Registered = true
		return s
	},
	mayRegister: func(by owner) bool { return by == browser }, // the thief has not seen the login's challenge
	marks:       true,
	farewell:    func(c boundCookie) boundCookie { return c },
}

// in is a time that is so many ticks from now.
func in(ticks int8) time.Time { return searchNow.Add(time.Duration(ticks) * tick) }

// state is what the rules know of the session: nil if the store has lost it. Before the binding it
// stays in one generation that is never confirmed: rules 1 to 6 have searches of their own.
func (r *boundRecord) state() *State {
	if r.binding == lost {
		return nil
	}
	far := searchNow.Add(1e6 * tick)
	s := &State{
		Generation: uint32(r.era), Forked: true, Rebuilt: true, LastSeenAt: searchNow, RefreshedAt: searchNow,
		ExpiresAt: searchNow, RefreshExpiresAt: far, Deadline: far, Registered: r.binding >= registered,
	}
	if r.live {
		s.ExpiresAt = far
	}
	if r.binding == bound {
		s.BoundAt = ago(r.boundAt)
	}
	return s
}

// store copies into w what the server wrote. Each write is checked for S7 and S8.
func (w *boundWorld) store(next *State) fault {
	old := w.record
	w.record.era, w.record.live, w.record.boundAt = era(next.Generation), next.ExpiresAt.After(searchNow), 0
	switch {
	case next.bound():
		w.record.binding, w.record.boundAt = bound, uint8(searchNow.Sub(next.BoundAt)/tick)
	case next.Registered:
		w.record.binding = registered
	default:
		w.record.binding = unregistered
	}
	switch {
	case w.record.binding < old.binding:
		return fault{"S8", "a write takes the key from the record"}
	case old.binding == bound && w.record.boundAt != old.boundAt:
		return fault{"S8", "a session is bound again"}
	case w.record.binding == bound && w.record.key == browser && w.browser.key == noKey:
		return fault{"S7", "the session is bound, and its browser has no key"}
	}
	return fault{}
}
