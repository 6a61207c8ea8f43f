package rotation

import (
	"testing"
	"time"
)

// keyedTo describes generation 5 of a session, begun at epoch, by its key.
type keyedTo int

const (
	noKeyYet keyedTo = iota
	itsKey           // registered
	bindsIt          // at epoch
)

func (k keyedTo) state() *State {
	s := generation{predecessor: &old}.record()
	s.Registered = k >= itsKey
	if k == bindsIt {
		s.BoundAt = epoch
	}
	return s
}

func TestJudge_bound(t *testing.T) {
	const m = time.Minute
	const keyed, unkeyed, proven, bare = true, false, true, false
	for _, c := range []struct {
		name   string
		key    keyedTo
		number uint32
		shows  string
		keyed  bool
		proven bool
		at     time.Duration // after epoch
		want   Action
	}{
		{"rule 8: with the proof, served", bindsIt, 5, both, keyed, proven, 10 * m, Serve},
		{"rule 8: the session cookie alone, too", bindsIt, 5, sessionOnly, keyed, proven, 10 * m, Serve},
		{"rule 8: cookies of before the binding, too", bindsIt, 5, both, unkeyed, proven, 10 * m, Serve},
		{"rule 8: without it, refused", bindsIt, 5, both, keyed, bare, 10 * m, RefuseUnproven},
		{"rule 8: and older cookies", bindsIt, 4, both, keyed, bare, 10 * m, RefuseUnproven},
		{"rule 8: and expired ones", bindsIt, 5, both, keyed, bare, 60 * m, RefuseUnproven},
		{"rule 8: and those that the store has lost", bindsIt, 6, both, keyed, bare, 10 * m, RefuseUnproven},
		{"rule 8: in the grace, cookies of before are served", bindsIt, 5, both, unkeyed, bare, m - 1, Serve},
		{"rule 8: but bring nothing new", bindsIt, 4, both, unkeyed, bare, m - 1, Serve},
		{"rule 8: and keyed ones are not", bindsIt, 5, both, keyed, bare, m - 1, RefuseUnproven},
		{"rule 8: nor is any after it", bindsIt, 5, both, unkeyed, bare, m, RefuseUnproven},
		{"rule 8: older cookies get new ones", bindsIt, 4, both, keyed, proven, 10 * m, Mint},
		{"rule 8: however old", bindsIt, 1, refreshOnly, keyed, proven, 10 * m, Mint},
		{"rule 8: but not a session cookie alone, which is served", bindsIt, 1, sessionOnly, keyed, proven, 10 * m, Serve},
		{"rule 8: expired, the next generation begins", bindsIt, 5, refreshOnly, keyed, proven, 60 * m, Rotate},
		{"rule 8: but older cookies are refreshed in place first", bindsIt, 4, both, keyed, proven, 60 * m, RefreshOnly},
		{"rule 8: a session cookie alone refreshes nothing", bindsIt, 5, sessionOnly, keyed, proven, 60 * m, Refuse},
		{"rule 8: lost by the store: rebuilt", bindsIt, 6, both, keyed, proven, 10 * m, Rebuild},
		{"rule 8: but not from a session cookie", bindsIt, 6, sessionOnly, keyed, proven, 10 * m, Refuse},

		{"rule 8: the store has lost the binding: put back", itsKey, 5, both, keyed, proven, m, Rebind},
		{"rule 8: the key, too", noKeyYet, 5, both, keyed, proven, m, Rebind},
		{"rule 8: of an expired session, too", noKeyYet, 5, both, keyed, proven, 60 * m, Rebind},
		{"rule 8: but not without the proof", noKeyYet, 5, both, keyed, bare, m, RefuseUnproven},
		{"rule 8: nor from a session cookie, which is no reason to ask for a proof again", itsKey, 5, sessionOnly, keyed, proven, m, Refuse},
		{"rules 1 to 6: a key that is only registered changes nothing", itsKey, 5, both, unkeyed, bare, m / 2, Serve},
		{"rules 1 to 6: as they were", itsKey, 4, both, unkeyed, bare, m / 2, Mint},

		{"the absolute end comes first", bindsIt, 5, both, keyed, bare, 90 * 24 * 60 * m, End},
		{"the refresh token's, too", bindsIt, 5, both, keyed, bare, 24 * 60 * m, End},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, s := testLimits, c.key.state()
			l.Proofs = true
			p := Proof{Generation: c.number, Branch: old, MintedAt: epoch, Session: c.shows != refreshOnly, Refresh: c.shows != sessionOnly, Keyed: c.keyed, Proven: c.proven}
			p.Key = p.Keyed && p.Refresh
			if v := l.Judge(s, &p, s.LastSeenAt.Add(c.at), epoch.Add(c.at)); v.Action != c.want || v.Changed != nil {
				t.Errorf("%v, changed %t, want %v", v.Action, v.Changed != nil, c.want)
			}
		})
	}
}

func TestJudge_boundWhileProofsAreNotAskedFor(t *testing.T) {
	s := bindsIt.state()
	p := Proof{Generation: 5, Branch: b1, MintedAt: epoch, Session: true, Refresh: true, Keyed: true, Key: true}
	if v := testLimits.Judge(s, &p, s.LastSeenAt, epoch.Add(10*time.Minute)); v.Action != Serve || v.Changed == nil {
		t.Errorf("%v, changed %t, want rule 2", v.Action, v.Changed != nil)
	}
	s.ConfirmedAt, s.Settled = epoch.Add(time.Minute), b1
	l := testLimits
	l.Proofs, p.Proven, p.Generation = true, true, 4
	if v := l.Judge(s, &p, s.LastSeenAt, epoch.Add(10*time.Minute)); v.Action != Mint || v.Changed == nil || *v.Changed != s.uncounted() {
		t.Errorf("%v, changed %+v, want a mint that is not held against the branch settled before", v.Action, v.Changed)
	}
	if next := l.Refreshed(Rotate, *s, time.Time{}, epoch); !next.Forked || !next.Rebuilt || next.Predecessor != (Digest{}) {
		t.Errorf("%+v, want a generation that may have begun from any branch", next)
	}
	if next := testLimits.Refreshed(Rotate, *s, time.Time{}, epoch); next.Forked || next.Rebuilt || next.Predecessor != b1 {
		t.Errorf("%+v, want a generation that began from the settled branch", next)
	}
}

// Nothing that is minted while no proofs are asked for may lose the key.
func TestJudge_rebindsWhileProofsAreNotAskedFor(t *testing.T) {
	for _, k := range []keyedTo{noKeyYet, itsKey} {
		for number := uint32(3); number <= 6; number++ {
			p := Proof{Generation: number, Branch: b1, MintedAt: epoch, Session: true, Refresh: true, Keyed: true, Key: true}
			if v := testLimits.Judge(k.state(), &p, epoch, epoch.Add(time.Minute)); v.Action != Rebind {
				t.Errorf("generation %d: %v, want %v", number, v.Action, Rebind)
			}
			p.Refresh, p.Key = false, false
			if v := testLimits.Judge(k.state(), &p, epoch, epoch.Add(time.Minute)); v.Action == Rebind {
				t.Errorf("generation %d: rebound from a session cookie", number)
			}
		}
	}
}

// A generation that may have begun from any branch is confirmed later: answers with cookies of the
// one before may be in flight when it begins.
func TestJudge_confirmsARebuiltGenerationLater(t *testing.T) {
	s := generation{rebuilt: true}.record()
	p := Proof{Generation: 5, Branch: b1, MintedAt: epoch, Session: true, Refresh: true}
	for after, want := range map[time.Duration]bool{4 * time.Minute: false, 4*time.Minute + 1: true} {
		if v := testLimits.Judge(s, &p, s.LastSeenAt, epoch.Add(after)); v.Action != Serve || (v.Changed != nil) != want {
			t.Errorf("after %v: %v, confirmed %t", after, v.Action, v.Changed != nil)
		}
	}
}

func TestJudgeLost(t *testing.T) {
	l := testLimits
	l.Proofs = true
	for _, c := range []struct {
		name string
		p    Proof
		want Action
	}{
		{"rule 5: rebuilt from the refresh cookie", Proof{Refresh: true}, Rebuild},
		{"rule 5: not from a session cookie", Proof{Session: true}, Refuse},
		{"rule 8: a keyed one wants the proof", Proof{Refresh: true, Keyed: true, Key: true}, RefuseUnproven},
		{"rule 5: nor from a keyed one", Proof{Session: true, Keyed: true}, Refuse},
		{"rule 8: with the proof, rebuilt", Proof{Refresh: true, Keyed: true, Key: true, Proven: true}, Rebuild},
	} {
		if v := l.JudgeLost(&c.p); v.Action != c.want {
			t.Errorf("%s: %v, want %v", c.name, v.Action, c.want)
		}
	}
	if v := testLimits.JudgeLost(&Proof{Refresh: true, Keyed: true, Key: true}); v.Action != Rebuild {
		t.Errorf("while proofs are not asked for: %v, want %v", v.Action, Rebuild)
	}
}

func TestJudgeKey(t *testing.T) {
	ended, over := noKeyYet.state(), bindsIt.state() // a tombstone has no key
	ended.Ended, over.RefreshExpiresAt = true, epoch
	for _, c := range []struct {
		name  string
		state *State // nil: the store has none
		p     KeyProof
		want  KeyVerdict
	}{
		{"good", bindsIt.state(), KeyProof{Refresh: true, Key: true, Answer: RightAnswer}, KeyProven},
		{"good, and the first", itsKey.state(), KeyProof{Refresh: true, Answer: RightAnswer}, KeyBound},
		{"good, and the store has lost the binding", itsKey.state(), KeyProof{Refresh: true, Key: true, Answer: RightAnswer}, KeyBound},
		{"good, and the store has lost the key", noKeyYet.state(), KeyProof{Refresh: true, Key: true, Answer: RightAnswer}, KeyBound},
		{"good, and the store has lost the session", nil, KeyProof{Refresh: true, Key: true, Answer: RightAnswer}, KeyProven},
		{"good, without cookies", bindsIt.state(), KeyProof{Answer: RightAnswer}, KeyProven},
		{"without an answer", bindsIt.state(), KeyProof{Refresh: true, Key: true}, KeyChallenged},
		{"with a late answer", bindsIt.state(), KeyProof{Refresh: true, Key: true, Answer: StaleAnswer}, KeyChallenged},
		{"with a wrong answer nothing ends", bindsIt.state(), KeyProof{Refresh: true, Key: true, Answer: WrongAnswer}, KeyChallenged},
		{"nor is anything bound", itsKey.state(), KeyProof{Refresh: true, Answer: WrongAnswer}, KeyChallenged},
		{"with cookies of another session", bindsIt.state(), KeyProof{OtherSession: true, Answer: RightAnswer}, KeyForgotten},
		{"with those, a key is not bound", itsKey.state(), KeyProof{OtherSession: true, Key: true, Answer: RightAnswer}, KeyForgotten},
		{"with those, a lost session has no key", nil, KeyProof{OtherSession: true, Key: true, Answer: RightAnswer}, KeyForgotten},
		{"unknown", nil, KeyProof{Refresh: true, Answer: RightAnswer}, KeyUnknown},
		{"unknown, without cookies", nil, KeyProof{}, KeyUnknown},
		{"the store has lost the key, and no cookie says so", noKeyYet.state(), KeyProof{}, KeyUnknown},
		{"the store has lost the key, and the refresh cookie never had it", noKeyYet.state(), KeyProof{Refresh: true}, KeyForgotten},
		{"ended", ended, KeyProof{Refresh: true, Key: true, Answer: RightAnswer}, KeyForgotten},
		{"ended, without cookies", ended, KeyProof{}, KeyForgotten},
		{"the refresh token's time is over", over, KeyProof{Refresh: true, Key: true, Answer: RightAnswer}, KeyForgotten},
		{"the browser was closed", bindsIt.state(), KeyProof{Transient: true, Answer: RightAnswer}, KeyForgotten},
		{"it was not", bindsIt.state(), KeyProof{Transient: true, Refresh: true, Key: true, Answer: RightAnswer}, KeyProven},
	} {
		if v := testLimits.JudgeKey(c.state, &c.p, epoch); v != c.want {
			t.Errorf("%s: %v, want %v", c.name, v, c.want)
		}
	}
}

func TestProofEnd(t *testing.T) {
	const m = time.Minute
	l := Limits{ProofLife: 12 * m}
	for _, c := range []struct {
		after time.Duration // the challenge's time
		ok    bool
	}{{-m - 1, false}, {-m, true}, {0, true}, {6 * m, true}, {6*m + 1, false}} {
		if end, ok := l.ProofEnd(epoch, epoch.Add(c.after)); ok != c.ok || ok && !end.Equal(epoch.Add(12*m)) {
			t.Errorf("%v after the challenge's time: %v, %t", c.after, end, ok)
		}
	}
	if end := epoch.Add(12 * m); !ProofLives(end, end.Add(m-1)) || ProofLives(end, end.Add(m)) {
		t.Error("a bound cookie is no proof for exactly a minute after its end")
	}
	if end := epoch.Add(12 * m); !NextChallenge(end).Equal(epoch.Add(10 * m)) {
		t.Error("the next challenge is not for the time when a browser answers it")
	}
}
