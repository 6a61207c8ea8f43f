package rotation

import "time"

// Begun is a session at login, before Refreshed adds the provider's tokens.
func (l *Limits) Begun(now time.Time) State {
	return State{Deadline: now.Add(l.Absolute)}
}

// Refreshed is s after the provider has issued tokens for an action. tokenExpiresAt is the expiry
// of the JWT; zero if it has none.
func (l *Limits) Refreshed(due Action, s State, tokenExpiresAt, now time.Time) State {
	s.RefreshedAt = now.Truncate(time.Millisecond) // the precision of the times in cookies
	s.TokenExpiresAt = tokenExpiresAt
	s.RefreshExpiresAt = earlier(now.Add(l.RefreshTTL), s.Deadline)
	if due == RefreshEarly {
		return s // the generation, its cookies and the expiry of its session ids stay
	}
	s.LastSeenAt = now
	s.ExpiresAt = earlier(now.Add(l.Cap), s.RefreshExpiresAt)
	if due == Rotate {
		return l.next(s)
	}
	return s
}

// Advanced is the next generation of s, with the tokens we have (rule 7).
func (l *Limits) Advanced(s State, now time.Time) State {
	s = l.next(s)
	s.LastSeenAt = now
	s.ExpiresAt = earlier(s.RefreshedAt.Add(l.Cap), s.RefreshExpiresAt)
	return s
}

// Minted is s with one more branch of its generation (rule 3). A bound session does not count them.
func (s State) Minted() State {
	s.Forked = true
	return s
}

// RebuiltFrom is a session that only a cookie remembers (rule 5), before Refreshed adds the
// provider's tokens and makes the cookie's branch the predecessor.
func RebuiltFrom(p *Proof, deadline time.Time) State {
	return State{Generation: p.Generation, Settled: p.Branch, Deadline: deadline}
}

// AfterRebuild is s, marked as a generation that began with a rebuild.
func (s State) AfterRebuild() State {
	s.Rebuilt = true
	return s
}

func (s State) confirmed(lone Digest, now time.Time) State {
	s.ConfirmedAt = now
	if !s.Forked {
		s.Settled = lone
	}
	return s
}

func (s State) settled(branch Digest) State {
	s.Settled = branch
	return s
}

// next is the next generation of s, with one branch. The branch settled so far becomes its
// predecessor. With rule 8 a generation may begin from any branch.
func (l *Limits) next(s State) State {
	s.Generation++
	s.Predecessor, s.Settled, s.ConfirmedAt, s.Forked, s.Rebuilt = s.Settled, Digest{}, time.Time{}, false, false
	if l.Proofs && s.bound() {
		return s.uncounted()
	}
	return s
}

// Bound is s, bound to the key that its browser has registered (rule 8).
func (s State) Bound(at time.Time) State {
	s.Registered, s.BoundAt = true, at
	return s
}

// uncounted is s with any number of branches, in this generation and the two before. That is what
// rules 1 to 6 have to know of a bound session, should proofs no longer be asked for one day.
func (s State) uncounted() State {
	s.Forked, s.Rebuilt = true, true
	s.ConfirmedAt, s.Settled, s.Predecessor = time.Time{}, Digest{}, Digest{}
	return s
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
