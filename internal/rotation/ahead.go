package rotation

import "time"

// hasNewerTokens is rule 7: the provider has issued tokens since these cookies were minted, less
// than half a cap ago. They can begin the next generation without asking the provider again, and
// it lives long enough.
func (l *Limits) hasNewerTokens(s *State, p *Proof, now time.Time) bool {
	return p.MintedAt.Before(s.RefreshedAt) && now.Before(s.RefreshedAt.Add(l.Cap/2))
}

// DueRefresh returns the refresh that is due after a verdict, if any: the one that the verdict
// asks for, or a refresh of the JWT in the background (rule 7).
func (l *Limits) DueRefresh(v Verdict, s *State, now time.Time) (due Action, ok bool) {
	if v.Changed == nil && v.Action.AsksProvider() {
		return v.Action, true
	}
	return RefreshEarly, !s.Ended && l.TokenIsDue(s, now)
}

// TokenIsDue reports whether a refresh of the JWT in the background is due: Ahead before it
// expires, but not in the first half of its lifetime.
func (l *Limits) TokenIsDue(s *State, now time.Time) bool {
	return l.Ahead > 0 && !s.TokenExpiresAt.IsZero() && !now.Before(l.tokenDueAt(s))
}

func (l *Limits) tokenDueAt(s *State) time.Time {
	ahead := s.TokenExpiresAt.Add(-l.Ahead)
	if s.RefreshedAt.IsZero() { // written by an earlier version
		return ahead
	}
	wait := max(s.TokenExpiresAt.Sub(s.RefreshedAt)/2, 100*time.Millisecond) // or each request would refresh
	if !s.TokenExpiresAt.After(s.RefreshedAt) {                              // the provider's clock is behind ours
		wait = time.Second
	}
	return later(ahead, s.RefreshedAt.Add(wait))
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
