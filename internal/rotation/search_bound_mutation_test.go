package rotation

import (
	"testing"
	"time"
)

// A boundMutation is rule 8, or what the guard does for it, bent.
type boundMutation struct {
	name   string
	caught string // by which property
	bend   func(r *boundRules)
}

// judged changes the verdicts on requests.
func judged(change func(v Verdict, s *State, p *Proof) Verdict) func(*boundRules) {
	return func(r *boundRules) {
		judge := r.judge
		r.judge = func(l *Limits, s *State, p *Proof) Verdict { return change(judge(l, s, p), s, p) }
	}
}

// insteadOf replaces one action by another where the condition holds.
func insteadOf(a, b Action, where func(s *State, p *Proof) bool) func(*boundRules) {
	return judged(func(v Verdict, s *State, p *Proof) Verdict {
		if v.Action == a && where(s, p) {
			return Verdict{Action: b}
		}
		return v
	})
}

// inGrace reports whether cookies are served only because of the grace.
func inGrace(s *State, p *Proof) bool { return s != nil && s.bound() && !p.Proven && !p.Keyed }

// keyJudged changes the verdicts on proofs, and what they are about.
func keyJudged(change func(v KeyVerdict, s *State, p KeyProof) KeyVerdict) func(*boundRules) {
	return func(r *boundRules) {
		judge := r.judgeKey
		r.judgeKey = func(l *Limits, s *State, p *KeyProof) KeyVerdict { return change(judge(l, s, p), s, *p) }
	}
}

// keyShown judges proofs as if something else were shown.
func keyShown(change func(p *KeyProof)) func(*boundRules) {
	return func(r *boundRules) {
		judge := r.judgeKey
		r.judgeKey = func(l *Limits, s *State, p *KeyProof) KeyVerdict {
			other := *p
			change(&other)
			return judge(l, s, &other)
		}
	}
}

var boundMutations = []boundMutation{
	{"bound at the registration", "S7", func(r *boundRules) {
		r.register = func(s State) State { return s.Bound(searchNow) }
	}},
	{"a record in memory has no key", "S5", func(r *boundRules) {
		judge := r.judge
		r.judge = func(l *Limits, s *State, p *Proof) Verdict {
			if s != nil && p.Session {
				cached, session := *s, *p
				cached.Registered, cached.BoundAt = false, time.Time{}
				session.Refresh, session.Key, session.Proven = false, false, false
				if v := judge(l, &cached, &session); v.Action == Serve {
					return v
				}
			}
			return judge(l, s, p)
		}
	}},
	{"cookies are not marked", "S8", func(r *boundRules) { r.marks = false }},
	{"the proof is checked after the judge", "S5", func(r *boundRules) {
		judge := r.judge
		r.judge = func(l *Limits, s *State, p *Proof) Verdict {
			v := judge(l, s, p)
			if v.Action != RefuseUnproven {
				return v
			}
			proven := *p
			proven.Proven = true
			if done := judge(l, s, &proven); done.Action != Serve {
				return done
			}
			return v
		}
	}},
	{"rule 6 for bound sessions", "S6", judged(func(v Verdict, s *State, p *Proof) Verdict {
		if s != nil && s.bound() && p.Proven && p.Generation < s.Generation {
			return stale(p)
		}
		return v
	})},
	{"the key of an unknown session is forgotten", "S7", keyJudged(func(v KeyVerdict, s *State, _ KeyProof) KeyVerdict {
		if v == KeyUnknown && s == nil {
			return KeyForgotten
		}
		return v
	})},
	{"no grace", "S7", insteadOf(Serve, RefuseUnproven, inGrace)},
	{"with a key the bound cookie goes", "S7", func(r *boundRules) {
		r.farewell = func(boundCookie) boundCookie { return boundCookie{} }
	}},
	{"keys are proved by the id alone", "S7", keyShown(func(p *KeyProof) { p.OtherSession = false })},
	{"the key of any refresh cookie counts", "S9", func(r *boundRules) {
		proves := r.proves
		r.proves = func(w *boundWorld, shown shownCookies, p *Proof) bool {
			return proves(w, shown, p) || shown.foreign && shown.cookie.key == another
		}
	}},
	{"a challenge is answered before its time", "S10", func(r *boundRules) {
		r.proofEnd = func(l *Limits, challenge time.Time) (time.Time, bool) {
			_, ok := l.ProofEnd(challenge, searchNow)
			return challenge.Add(l.ProofLife), ok || challenge.After(searchNow)
		}
	}},

	{"the grace brings new cookies", "S5", insteadOf(Serve, Mint, func(s *State, p *Proof) bool { return inGrace(s, p) && p.Refresh })},
	{"the grace begins a generation", "S5", insteadOf(RefuseUnproven, Rotate, func(s *State, p *Proof) bool {
		return inGrace(s, p) && p.Refresh && s.BoundAt.Equal(searchNow)
	})},
	{"the grace is for keyed cookies, too", "S8", insteadOf(RefuseUnproven, Serve, func(s *State, _ *Proof) bool {
		return s != nil && s.bound() && s.BoundAt.Equal(searchNow)
	})},
	{"the grace never ends", "S5", insteadOf(RefuseUnproven, Serve, inGrace)},
	{"rebuilt without a proof", "S5", insteadOf(RefuseUnproven, Rebuild, func(s *State, p *Proof) bool { return s == nil && p.Refresh })},
	{"put back without a proof", "S5", insteadOf(RefuseUnproven, Rebind, func(s *State, p *Proof) bool { return s != nil && !s.bound() && p.Key })},
	{"what is put back has a grace again", "S5", func(r *boundRules) {
		r.rebind = func(s State, _ time.Time) State { return s.Bound(searchNow) }
	}},
	{"what is lost is not put back", "S7", insteadOf(Rebind, RefuseUnproven, func(*State, *Proof) bool { return true })},
	{"what is lost is served as it is", "S8", insteadOf(Rebind, Serve, func(*State, *Proof) bool { return true })},
	{"asked for the proof that is there", "S7", insteadOf(Refuse, RefuseUnproven, func(s *State, p *Proof) bool { return p.Keyed && p.Proven && s != nil && !s.bound() })},
	{"older cookies with a proof are refused", "S7", insteadOf(Mint, Refuse, func(s *State, p *Proof) bool { return s.bound() && p.Proven })},
	{"a bound cookie lives as long as its session", "S5", func(r *boundRules) {
		proves := r.proves
		r.proves = func(w *boundWorld, shown shownCookies, p *Proof) bool {
			shown.cookie.end = max(shown.cookie.end, 0)
			return proves(w, shown, p)
		}
	}},
	{"a bound cookie ends at once", "S7", func(r *boundRules) {
		proves := r.proves
		r.proves = func(w *boundWorld, shown shownCookies, p *Proof) bool {
			return shown.cookie.end > int8(ProofSkew/tick) && proves(w, shown, p)
		}
	}},
	{"a key is bound though cookies of another session come", "S7", keyJudged(func(v KeyVerdict, s *State, p KeyProof) KeyVerdict {
		if p.OtherSession && p.Answer == RightAnswer && s != nil && !s.bound() {
			return KeyBound
		}
		return v
	})},
	{"a key without cookies is forgotten", "S7", keyJudged(func(v KeyVerdict, s *State, p KeyProof) KeyVerdict {
		if v == KeyUnknown && s != nil && !p.Refresh {
			return KeyForgotten
		}
		return v
	})},
	{"a wrong answer will do", "S5", keyShown(func(p *KeyProof) {
		if p.Answer == WrongAnswer {
			p.Answer = RightAnswer
		}
	})},
	{"who has the cookies may register a key", "S6", func(r *boundRules) {
		r.mayRegister = func(owner) bool { return true }
	}},
	{"a proof is good from its arrival", "S10", func(r *boundRules) {
		r.proofEnd = func(l *Limits, challenge time.Time) (time.Time, bool) {
			_, ok := l.ProofEnd(challenge, searchNow)
			return searchNow.Add(l.ProofLife), ok
		}
	}},
}

// TestSearchFindsBoundMutations shows that the search of rule 8 can fail: each bent rule breaks the
// property that is named.
func TestSearchFindsBoundMutations(t *testing.T) {
	for _, m := range some(boundMutations) {
		t.Run(m.name, func(t *testing.T) {
			r := guardsBoundRules
			m.bend(&r)
			f, told := findBoundFault(r)
			t.Logf("%s: %s\n%s", f.property, f.what, told)
			if f.property != m.caught {
				t.Errorf("caught by %q, want %s", f.property, m.caught)
			}
		})
	}
}

// findBoundFault searches small scopes until a property breaks.
func findBoundFault(r boundRules) (f fault, told string) {
	if f := longestChain(12*time.Minute, r.proofEnd); f != (fault{}) {
		return f, ""
	}
	for _, s := range []boundScope{
		{life: 3},
		{life: 3, older: registered, instant: true},
		{life: 3, instant: true, goesBack: true},
		{life: 3, instant: true, thief: true},
		{life: 3, instant: true, thief: true, goesBack: true},
	} {
		if g := exploreBound(newBoundModel(s, r)); g.fault != (fault{}) {
			return g.fault, g.tell()
		}
	}
	return fault{}, ""
}
