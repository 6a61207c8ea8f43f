package rotation

import "time"

// Limits are the resolved times of a configuration.
type Limits struct {
	Idle       time.Duration // unused for so long, a session id expires
	Cap        time.Duration // used or not, a session id expires after so long
	RefreshTTL time.Duration // a refresh token may bring the session back for so long
	Absolute   time.Duration // from login to the end whatever happens
	InFlight   time.Duration // W: the longest that a request and its answer are under way together
	Settling   time.Duration // F: after this, cookies that come back are those that the browser kept
	Ahead      time.Duration // a JWT is refreshed so long before it expires; 0: with the session id
}

// Judge applies the rules. lastSeen is the last use that is known, which may be later than in s.
func (l *Limits) Judge(s *State, p *Proof, lastSeen, now time.Time) Verdict {
	switch {
	case s.Ended:
		return Verdict{Action: AlreadyEnded}
	case !now.Before(s.Deadline):
		return Verdict{Action: End, Cause: AbsoluteTimeout}
	case !now.Before(s.RefreshExpiresAt):
		return Verdict{Action: End, Cause: RefreshExpired}
	}
	live := now.Before(s.ExpiresAt) && now.Sub(lastSeen) < l.Idle
	switch {
	case p.Generation == s.Generation: // genuine, hence minted by us
		return l.judgeCurrent(s, p, live, now)
	case s.isPredecessor(p):
		return l.judgePredecessor(s, p, live, now)
	case p.Generation < s.Generation:
		return stale(p)
	case p.Refresh:
		return Verdict{Action: Rebuild} // rule 5: minted, for it is genuine, but the store has lost that
	default:
		return Verdict{Action: Refuse}
	}
}

// isPredecessor reports whether the newest generation was made from these cookies. In a rebuilt
// session that is not known (rule 5): each genuine branch of the two generations before counts.
func (s *State) isPredecessor(p *Proof) bool {
	return p.Generation+1 == s.Generation && p.Branch == s.Predecessor ||
		s.Rebuilt && p.Generation < s.Generation && p.Generation+2 >= s.Generation
}

// judgeCurrent is rules 1 and 7: a branch of the newest generation.
func (l *Limits) judgeCurrent(s *State, p *Proof, live bool, now time.Time) Verdict {
	if !live && !p.Refresh {
		return Verdict{Action: Refuse} // rule 0: a session cookie refreshes nothing
	}
	changed := l.settle(s, p, now)
	if changed != nil {
		s = changed
	}
	settled := s.Settled == p.Branch
	newer := settled && p.Refresh && l.hasNewerTokens(s, p, now)
	switch {
	case s.Settled != Digest{} && !settled:
		return stale(p) // rule 2: another branch is the one that the browser kept
	case l.toBeSettled(s, now) && p.Refresh && p.Follows:
		return Verdict{ChallengeKept, 0, changed}
	case live && p.Session && !(newer && l.predecessorIsStale(s, now)):
		return Verdict{Serve, 0, changed}
	case live && !settled:
		return Verdict{Serve, 0, changed} // a refresh cookie alone, too early to tell
	case newer:
		return Verdict{Advance, 0, changed}
	case settled:
		return Verdict{Rotate, 0, changed}
	default:
		return Verdict{RefreshOnly, 0, changed}
	}
}

// settle is rule 2. The generation is confirmed by the first use of cookies that are older than the
// settling time, and a lone branch is settled by that same use. Of several, the one with which the
// browser answers a question 2W later is the one that it kept: nothing is minted after the
// confirmation, an answer from before it may replace the browser's cookies W later, and a request
// sent just before that takes W more. A use that is no answer may be a request that was under way
// for long, and shows only what the browser had once. It returns nil if nothing changes.
func (l *Limits) settle(s *State, p *Proof, now time.Time) *State {
	switch {
	case s.ConfirmedAt.IsZero() && now.Sub(p.MintedAt) >= l.Settling:
		next := s.confirmed(p.Branch, now)
		return &next
	case p.Answers == WhetherKept && l.toBeSettled(s, now):
		next := s.settled(p.Branch)
		return &next
	default:
		return nil
	}
}

// toBeSettled reports whether all answers with branches of this generation have arrived, and none
// is settled yet.
func (l *Limits) toBeSettled(s *State, now time.Time) bool {
	return !s.ConfirmedAt.IsZero() && s.Settled == Digest{} && now.After(s.ConfirmedAt.Add(2*l.InFlight))
}

// predecessorIsStale is rule 4.
func (l *Limits) predecessorIsStale(s *State, now time.Time) bool {
	return !s.ConfirmedAt.IsZero() && now.After(s.ConfirmedAt.Add(l.InFlight))
}

// judgePredecessor is rules 3 and 4: the cookies from which the newest generation was made.
func (l *Limits) judgePredecessor(s *State, p *Proof, live bool, now time.Time) Verdict {
	switch {
	case l.predecessorIsStale(s, now):
		return stale(p)
	case !live && p.Refresh:
		return Verdict{Action: RefreshOnly}
	case !live:
		return Verdict{Action: Refuse}
	case !s.ConfirmedAt.IsZero() || !p.Refresh:
		return Verdict{Action: Serve}
	default:
		return Verdict{Action: Mint} // the answer with the new cookies was lost, or is under way
	}
}

// stale is rule 6. Only the refresh cookie can be theft: it is what a browser replaces. A request
// may have been under way for long, and shows only what the browser had when it was sent; a browser
// that comes back with the same cookie when asked has it still.
func stale(p *Proof) Verdict {
	switch {
	case !p.Refresh:
		return Verdict{Action: RejectStale}
	case p.Answers != WhetherStale:
		return Verdict{Action: ChallengeStale}
	}
	return Verdict{Action: End, Cause: ReuseDetected}
}

// ServesOnly reports whether a verdict on cookies of the newest generation asks for nothing but to
// serve, and nothing else is due that their refresh cookie could bring about.
func (l *Limits) ServesOnly(v Verdict, s *State, p *Proof, now time.Time) bool {
	return v.Action == Serve && v.Changed == nil && p.Generation == s.Generation &&
		!l.TokenIsDue(s, now) && !l.toBeSettled(s, now) &&
		!(s.Settled != Digest{} && l.hasNewerTokens(s, p, now) && l.predecessorIsStale(s, now))
}
