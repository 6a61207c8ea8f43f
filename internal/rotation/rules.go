package rotation

import "time"

// Limits are the resolved times of a configuration.
type Limits struct {
	Idle       time.Duration // a session id unused for this long expires
	Cap        time.Duration // the lifetime of a session id, used or not
	RefreshTTL time.Duration // how long a refresh token can resume the session
	Absolute   time.Duration // the lifetime of the session, whatever happens
	InFlight   time.Duration // W: the longest that a request and its response take together
	Settling   time.Duration // F: cookies older than this are those that the browser kept
	Ahead      time.Duration // a JWT is refreshed this long before it expires; 0: with the session id

	Proofs    bool          // bound sessions are served with a proof of their key only
	ProofLife time.Duration // L: how long a proof of a key is good
}

// Judge applies the rules. lastSeen is the last known use, which may be later than s.LastSeenAt.
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
	case l.Proofs && (p.Keyed || s.bound()):
		return judgeBound(s, p, live, now) // rules 1 to 6 are for the others
	case p.Key && !s.bound():
		return Verdict{Action: Rebind} // the store has lost the binding
	case p.Generation == s.Generation: // the cookies are genuine, so we minted this branch
		return l.judgeCurrent(s, p, live, now)
	case s.isPredecessor(p):
		return l.judgePredecessor(s, p, live, now)
	case p.Generation < s.Generation:
		return stale(p)
	case p.Refresh:
		return Verdict{Action: Rebuild} // rule 5: we minted it, but the store has lost that
	default:
		return Verdict{Action: Refuse}
	}
}

// isPredecessor reports whether the newest generation was made from these cookies. A rebuilt
// session does not know its predecessor (rule 5): any genuine branch of the two previous
// generations counts.
func (s *State) isPredecessor(p *Proof) bool {
	return p.Generation+1 == s.Generation && p.Branch == s.Predecessor ||
		s.Rebuilt && p.Generation < s.Generation && p.Generation+2 >= s.Generation
}

// judgeCurrent is rules 1 and 7: a branch of the newest generation.
func (l *Limits) judgeCurrent(s *State, p *Proof, live bool, now time.Time) Verdict {
	if !live && !p.Refresh {
		return Verdict{Action: Refuse} // rule 0: a session cookie alone cannot refresh
	}
	changed := l.settle(s, p, now)
	if changed != nil {
		s = changed
	}
	settled := s.Settled == p.Branch
	newer := settled && p.Refresh && l.hasNewerTokens(s, p, now)
	switch {
	case s.Settled != Digest{} && !settled:
		return stale(p) // rule 2: the browser kept another branch
	case l.toBeSettled(s, now) && p.Refresh && p.Follows:
		return Verdict{ChallengeKept, 0, changed}
	case live && p.Session && !(newer && l.predecessorIsStale(s, now)):
		return Verdict{Serve, 0, changed}
	case live && !settled:
		return Verdict{Serve, 0, changed} // a refresh cookie alone: too early to know
	case newer:
		return Verdict{Advance, 0, changed}
	case settled:
		return Verdict{Rotate, 0, changed}
	default:
		return Verdict{RefreshOnly, 0, changed}
	}
}

// settle is rule 2. The first use of cookies older than the settling time confirms the generation.
// If the generation has one branch only, that use settles it, too.
//
// If it has several, the browser kept the one with which it answers a challenge 2W later. Nothing
// is minted after the confirmation; a response sent before it may replace the browser's cookies up
// to W later; and a request sent just before that takes W more. A request that answers no challenge
// may have been in flight for long, and shows only what the browser once had.
//
// settle returns nil if nothing changes.
func (l *Limits) settle(s *State, p *Proof, now time.Time) *State {
	switch {
	case s.ConfirmedAt.IsZero() && s.Rebuilt && now.Sub(p.MintedAt) <= 2*l.InFlight:
		return nil
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

// toBeSettled reports whether every response with a branch of this generation has arrived, but no
// branch is settled yet.
func (l *Limits) toBeSettled(s *State, now time.Time) bool {
	return !s.ConfirmedAt.IsZero() && s.Settled == Digest{} && now.After(s.ConfirmedAt.Add(2*l.InFlight))
}

// predecessorIsStale is rule 4: the predecessor is stale W after the confirmation.
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
		return Verdict{Action: Mint} // the response with the new cookies is lost or in flight
	}
}

// stale is rule 6. Only a stale refresh cookie can mean theft, and not at once: the request may
// have been in flight for long, and shows only what the browser had when it sent it. If the answer
// to a challenge brings the same cookie, the client still has it, and a browser would not.
func stale(p *Proof) Verdict {
	switch {
	case !p.Refresh:
		return Verdict{Action: RejectStale}
	case p.Answers != WhetherStale:
		return Verdict{Action: ChallengeStale}
	}
	return Verdict{Action: End, Cause: ReuseDetected}
}

// ServesOnly reports whether a verdict on cookies of the newest generation is to serve and do
// nothing else, with or without their refresh cookie.
func (l *Limits) ServesOnly(v Verdict, s *State, p *Proof, now time.Time) bool {
	return v.Action == Serve && v.Changed == nil && p.Generation == s.Generation &&
		!l.TokenIsDue(s, now) && !l.toBeSettled(s, now) && !(s.bound() && p.MintedAt.Before(s.RefreshedAt)) &&
		!(s.Settled != Digest{} && l.hasNewerTokens(s, p, now) && l.predecessorIsStale(s, now))
}
