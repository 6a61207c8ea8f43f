package latchkey

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

// after has each verdict changed.
func after(change func(v verdict, rec *Record, p presented) verdict) func(rules) rules {
	return func(r rules) rules {
		judge := r.judge
		r.judge = func(l *limits, rec *Record, p presented, lastSeen, now time.Time) verdict {
			return change(judge(l, rec, p, lastSeen, now), rec, p)
		}
		return r
	}
}

// limited has the rules applied with other limits.
func limited(change func(*limits)) func(rules) rules {
	return func(r rules) rules {
		judge := r.judge
		r.judge = func(l *limits, rec *Record, p presented, lastSeen, now time.Time) verdict {
			other := *l
			change(&other)
			return judge(&other, rec, p, lastSeen, now)
		}
		return r
	}
}

// instead has one action done for another.
func instead(of, do action) func(rules) rules {
	return after(func(v verdict, _ *Record, _ presented) verdict {
		if v.action == of {
			v.action, v.reason = do, ""
		}
		return v
	})
}

// shown has an action done by the settled branch of n wherever may says so.
func shown(may func(*limits, *Record, presented) bool, do action) func(rules) rules {
	return func(r rules) rules {
		judge := r.judge
		r.judge = func(l *limits, rec *Record, p presented, lastSeen, now time.Time) verdict {
			v := judge(l, rec, p, lastSeen, now)
			after := rec
			if v.changed != nil {
				after = v.changed
			}
			if v.action == serve && p.refresh && p.generation == rec.Generation && after.Settled == p.digest() && may(l, after, p) {
				v.action = do
			}
			return v
		}
		return r
	}
}

func isParent(rec *Record, p presented) bool { return p.generation+1 == rec.Generation }

var mutations = []mutation{
	{"settled W after the confirmation", "S1", func(r rules) rules {
		r.judge = confirmedLater(r.judge, func(l *limits) time.Duration { return -l.inFlight })
		return r
	}},
	{"settled by the first use, however many branches", "S1", after(func(v verdict, rec *Record, p presented) verdict {
		if v.changed != nil && v.changed.Settled == (Digest{}) {
			v.changed.Settled = p.branch.digest()
		}
		return v
	})},
	{"no in-flight window", "S1", limited(func(l *limits) { l.inFlight = 0 })},
	{"no settling time", "S1", limited(func(l *limits) { l.settling = 0 })},
	{"minted in a confirmed generation", "S1", after(func(v verdict, rec *Record, p presented) verdict {
		if v.action == serve && isParent(rec, p) && p.refresh {
			v.action = mint
		}
		return v
	})},
	{"the parent is stale at once", "S1", after(func(v verdict, _ *Record, p presented) verdict {
		if v.action == mint {
			return stale(p)
		}
		return v
	})},
	{"theft at once, without asking", "S1", instead(askStale, end)},
	{"asked again and again", "S3", instead(end, askStale)},
	{"refused, not refreshed in place", "S1", instead(renewInPlace, refuse)},
	{"two branches and no more", "S2", after(func(v verdict, rec *Record, _ presented) verdict {
		if v.action == mint && rec.Forked {
			v.action = serve
		}
		return v
	})},
	{"cookies for all who share a flight", "S2", func(r rules) rules {
		r.join = func(c cookie) cookie { return c }
		return r
	}},
	{"nothing minted for the parent", "S2", instead(mint, serve)},
	{"never confirmed", "S2", limited(func(l *limits) { l.settling = 1e6 * tick })},
	{"stale cookies are refused, no theft", "S2", instead(end, refuse)},
	{"the parent is never stale", "S2", after(func(v verdict, rec *Record, p presented) verdict {
		if (v.action == end || v.action == alarm) && isParent(rec, p) && p.branch.digest() == rec.Parent {
			return verdict{action: serve}
		}
		return v
	})},
	{"any branch of the generation before is as good as the parent", "S3", func(r rules) rules {
		judge := r.judge
		r.judge = func(l *limits, rec *Record, p presented, lastSeen, now time.Time) verdict {
			if isParent(rec, p) && rec.ConfirmedAt.IsZero() {
				p.mark = mark{generation: p.generation, branch: branches[parentCookie]}
				return judge(l, rec, p, lastSeen, now)
			}
			return judge(l, rec, p, lastSeen, now)
		}
		return r
	}},
	{"a branch that is not settled begins the next generation", "S3", instead(renewInPlace, renew)},
	{"a session cookie alone refreshes", "S3", after(func(v verdict, _ *Record, p presented) verdict {
		if v.action == refuse && !p.refresh {
			v.action = renewInPlace
		}
		return v
	})},
	{"a stale session cookie alone is theft", "S3", instead(alarm, end)},
	{"an ended session is served", "S4", instead(over, serve)},

	{"newer tokens begin a generation at once", "S1", shown(func(l *limits, rec *Record, p presented) bool {
		return l.hasNewerTokens(rec, p, searchNow)
	}, advance)},
	{"tokens of any age begin a generation", "S1", shown(func(l *limits, rec *Record, p presented) bool {
		return p.mintedAt.Before(rec.RefreshedAt) && l.parentIsStale(rec, searchNow)
	}, advance)},
	{"newer tokens begin a generation from a branch that is not settled", "S3", after(func(v verdict, rec *Record, p presented) verdict {
		if v.action == serve && p.generation == rec.Generation && p.refresh && p.mintedAt.Before(rec.RefreshedAt) {
			v.action = advance
		}
		return v
	})},
	{"the parent gets a generation of its own for newer tokens", "S3", after(func(v verdict, rec *Record, p presented) verdict {
		if v.action == serve && isParent(rec, p) && p.refresh && p.mintedAt.Before(rec.RefreshedAt) {
			v.action = advance
		}
		return v
	})},
	{"a generation without a refresh lives for a cap", "S3", func(r rules) rules {
		r.succeed = func(l *limits, rec *Record) *Record {
			next := rec.succeeded(l, searchNow)
			next.ExpiresAt = searchNow.Add(l.cap)
			return next
		}
		return r
	}},
	{"a refresh in the background makes session ids live longer", "S3", func(r rules) rules {
		refresh := r.refreshEarly
		r.refreshEarly = func(l *limits, rec *Record) *Record {
			next := refresh(l, rec)
			next.ExpiresAt = searchNow.Add(l.cap)
			return next
		}
		return r
	}},
	{"a refresh in the background begins a generation", "S3", func(r rules) rules {
		refresh := r.refreshEarly
		r.refreshEarly = func(l *limits, rec *Record) *Record {
			next := refresh(l, rec)
			next.advance()
			return next
		}
		return r
	}},
}

// TestSearchFindsMutations shows that the search can fail: each bent rule is found out, by the property that is named.
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
	} {
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
