package rotation

import (
	"testing"
	"time"
)

// A mutation is one rule switched off or bent.
type mutation struct {
	name   string
	caught string // by which property
	bend   func(rules) rules
}

// after applies change to each Verdict.
func after(change func(v Verdict, rec *State, p Proof) Verdict) func(rules) rules {
	return func(r rules) rules {
		judge := r.judge
		r.judge = func(l *Limits, rec *State, p Proof, lastSeen, now time.Time) Verdict {
			return change(judge(l, rec, p, lastSeen, now), rec, p)
		}
		return r
	}
}

// limited applies the rules with other Limits.
func limited(change func(*Limits)) func(rules) rules {
	return func(r rules) rules {
		judge := r.judge
		r.judge = func(l *Limits, rec *State, p Proof, lastSeen, now time.Time) Verdict {
			other := *l
			change(&other)
			return judge(&other, rec, p, lastSeen, now)
		}
		return r
	}
}

// instead replaces one action by another.
func instead(of, do Action) func(rules) rules {
	return after(func(v Verdict, _ *State, _ Proof) Verdict {
		if v.Action == of {
			v.Action, v.Cause = do, 0
		}
		return v
	})
}

// shown does an action for the settled branch of n whenever may says so.
func shown(may func(*Limits, *State, Proof) bool, do Action) func(rules) rules {
	return func(r rules) rules {
		judge := r.judge
		r.judge = func(l *Limits, rec *State, p Proof, lastSeen, now time.Time) Verdict {
			v := judge(l, rec, p, lastSeen, now)
			after := rec
			if v.Changed != nil {
				after = v.Changed
			}
			if v.Action == Serve && p.Refresh && p.Generation == rec.Generation && after.Settled == p.Branch && may(l, after, p) {
				v.Action = do
			}
			return v
		}
		return r
	}
}

// refreshedEarly makes a refresh in the background change more.
func refreshedEarly(more func(*Limits, State) State) func(rules) rules {
	return func(r rules) rules {
		refresh := r.refresh
		r.refresh = func(l *Limits, due Action, s State) State {
			s = refresh(l, due, s)
			if due == RefreshEarly {
				s = more(l, s)
			}
			return s
		}
		return r
	}
}

// refreshed makes a refresh that begins a generation change more.
func refreshed(more func(l *Limits, before, after State) State) func(rules) rules {
	return func(r rules) rules {
		refresh := r.refresh
		r.refresh = func(l *Limits, due Action, s State) State {
			next := refresh(l, due, s)
			if due == Rotate {
				next = more(l, s, next)
			}
			return next
		}
		return r
	}
}

func isParent(rec *State, p Proof) bool { return p.Generation+1 == rec.Generation }

var mutations = []mutation{
	{"settled W after the confirmation", "S1", func(r rules) rules {
		r.judge = confirmedLater(r.judge, func(l *Limits) time.Duration { return -l.InFlight })
		return r
	}},
	{"settled by the first use, however many branches", "S1", after(func(v Verdict, rec *State, p Proof) Verdict {
		if v.Changed != nil && v.Changed.Settled == (Digest{}) {
			v.Changed.Settled = p.Branch
		}
		return v
	})},
	{"no in-flight window", "S1", limited(func(l *Limits) { l.InFlight = 0 })},
	{"no settling time", "S1", limited(func(l *Limits) { l.Settling = 0 })},
	{"minted in a confirmed generation", "S1", after(func(v Verdict, rec *State, p Proof) Verdict {
		if v.Action == Serve && isParent(rec, p) && p.Refresh {
			v.Action = Mint
		}
		return v
	})},
	{"the predecessor is stale at once", "S1", after(func(v Verdict, _ *State, p Proof) Verdict {
		if v.Action == Mint {
			return stale(&p)
		}
		return v
	})},
	{"theft at once, without asking", "S1", instead(ChallengeStale, End)},
	{"asked again and again", "S3", instead(End, ChallengeStale)},
	{"refused, not refreshed in place", "S1", instead(RefreshOnly, Refuse)},
	{"two branches and no more", "S2", after(func(v Verdict, rec *State, _ Proof) Verdict {
		if v.Action == Mint && rec.Forked {
			v.Action = Serve
		}
		return v
	})},
	{"cookies for all who share a flight", "S2", func(r rules) rules {
		r.join = func(c cookie) cookie { return c }
		return r
	}},
	{"nothing minted for the predecessor", "S2", instead(Mint, Serve)},
	{"never confirmed", "S2", limited(func(l *Limits) { l.Settling = 1e6 * tick })},
	{"stale cookies are refused, no theft", "S2", instead(End, Refuse)},
	{"the predecessor is never stale", "S2", after(func(v Verdict, rec *State, p Proof) Verdict {
		if (v.Action == End || v.Action == RejectStale) && isParent(rec, p) && p.Branch == rec.Predecessor {
			return Verdict{Action: Serve}
		}
		return v
	})},
	{"any branch of the generation before is as good as the predecessor", "S3", func(r rules) rules {
		judge := r.judge
		r.judge = func(l *Limits, rec *State, p Proof, lastSeen, now time.Time) Verdict {
			if isParent(rec, p) && rec.ConfirmedAt.IsZero() {
				p.Branch = digests[predecessorCookie]
				return judge(l, rec, p, lastSeen, now)
			}
			return judge(l, rec, p, lastSeen, now)
		}
		return r
	}},
	{"a branch that is not settled begins the next generation", "S3", instead(RefreshOnly, Rotate)},
	{"a session cookie alone refreshes", "S3", after(func(v Verdict, _ *State, p Proof) Verdict {
		if v.Action == Refuse && !p.Refresh {
			v.Action = RefreshOnly
		}
		return v
	})},
	{"a stale session cookie alone is theft", "S3", instead(RejectStale, End)},
	{"an ended session is served", "S4", instead(AlreadyEnded, Serve)},

	{"newer tokens begin a generation at once", "S1", shown(func(l *Limits, rec *State, p Proof) bool {
		return l.hasNewerTokens(rec, &p, searchNow)
	}, Advance)},
	{"tokens of any age begin a generation", "S1", shown(func(l *Limits, rec *State, p Proof) bool {
		return p.MintedAt.Before(rec.RefreshedAt) && l.predecessorIsStale(rec, searchNow)
	}, Advance)},
	{"newer tokens begin a generation from a branch that is not settled", "S3", after(func(v Verdict, rec *State, p Proof) Verdict {
		if v.Action == Serve && p.Generation == rec.Generation && p.Refresh && p.MintedAt.Before(rec.RefreshedAt) {
			v.Action = Advance
		}
		return v
	})},
	{"the predecessor gets a generation of its own for newer tokens", "S3", after(func(v Verdict, rec *State, p Proof) Verdict {
		if v.Action == Serve && isParent(rec, p) && p.Refresh && p.MintedAt.Before(rec.RefreshedAt) {
			v.Action = Advance
		}
		return v
	})},
	{"a generation without a refresh lives for a cap", "S3", func(r rules) rules {
		advance := r.advance
		r.advance = func(l *Limits, s State) State {
			s = advance(l, s)
			s.ExpiresAt = searchNow.Add(l.Cap)
			return s
		}
		return r
	}},
	{"a refresh in the background makes session ids live longer", "S3", refreshedEarly(func(l *Limits, s State) State {
		s.ExpiresAt = searchNow.Add(l.Cap)
		return s
	})},
	{"a generation that began with a proof counts its branches", "S1", refreshed(func(l *Limits, before, s State) State {
		if l.Proofs && s.bound() {
			s.Forked, s.Rebuilt, s.Predecessor = false, false, before.Settled
		}
		return s
	})},
	{"a mint with a proof leaves the confirmation", "S1", after(func(v Verdict, rec *State, _ Proof) Verdict {
		if v.Action == Mint && rec.bound() {
			v.Changed = nil
		}
		return v
	})},
	{"older cookies with a proof begin a generation", "S1", func(r rules) rules {
		judge := r.judge
		r.judge = func(l *Limits, rec *State, p Proof, lastSeen, now time.Time) Verdict {
			v := judge(l, rec, p, lastSeen, now)
			if v.Action == RefreshOnly && l.Proofs && rec.bound() {
				v.Action = Rotate
			}
			return v
		}
		return r
	}},
	{"confirmed while answers of the generation before may be in flight", "S1", func(r rules) rules {
		judge := r.judge
		r.judge = func(l *Limits, rec *State, p Proof, lastSeen, now time.Time) Verdict {
			if rec.Rebuilt && now.Sub(p.MintedAt) >= l.Settling {
				p.MintedAt = p.MintedAt.Add(-2 * l.InFlight)
			}
			return judge(l, rec, p, lastSeen, now)
		}
		return r
	}},
	{"the branches of a bound session are never counted", "S3", refreshed(func(_ *Limits, _, s State) State {
		if s.bound() {
			return s.uncounted()
		}
		return s
	})},
	{"a refresh in the background begins a generation", "S3", refreshedEarly(func(l *Limits, s State) State {
		return l.next(s)
	})},
}

// TestSearchFindsMutations shows that the search can fail: each bent rule breaks the property that
// is named.
func TestSearchFindsMutations(t *testing.T) {
	for _, m := range some(mutations) {
		t.Run(m.name, func(t *testing.T) {
			caught, trace := findFault(m.bend(guardsRules))
			if caught == "" {
				t.Fatal("not found")
			}
			t.Logf("%s: %s", caught, trace)
			if caught != m.caught {
				t.Errorf("caught by %s, want %s", caught, m.caught)
			}
		})
	}
}

// findFault searches small scopes until a property breaks.
func findFault(r rules) (property, trace string) {
	for _, s := range []scope{
		{settling: 1, window: 1, idle: 3, cap: 4, wire: 2, leg: 1, travel: 1},
		{settling: 3, window: 1, idle: 6, cap: 6, wire: 2, leg: 1, travel: 1, kills: true},
		{settling: 1, window: 1, idle: 4, cap: 4, wire: 1, leg: 1, travel: 1, late: true},
		{settling: 1, window: 1, idle: 4, cap: 4, wire: 2, leg: 1, travel: 1, early: true},
		{settling: 1, window: 1, idle: 4, cap: 4, wire: 1, travel: 1, thief: true, joined: true},
		{settling: 1, window: 1, idle: 4, cap: 4, wire: 1, leg: 1, travel: 1, binds: true},
		{settling: 1, window: 1, idle: 4, cap: 4, wire: 2, leg: 1, travel: 1, binds: true},
		{settling: 1, window: 1, idle: 4, cap: 4, wire: 1, travel: 1, watch: true, thief: true},
	} {
		s.allAges = true
		g := explore(newModel(s, r))
		if g.fault != nil {
			return g.fault.property, g.fault.what + "\n" + g.tellFault()
		}
		if !s.thief {
			continue
		}
		if longest := g.longestStay(1); longest.endless || longest.ticks >= s.bound(1) {
			return "S2", "the thief stays\n" + g.tellStay(longest, 1)
		}
	}
	return "", ""
}
