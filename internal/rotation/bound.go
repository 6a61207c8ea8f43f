package rotation

import "time"

// Rule 8 is about sessions that are bound to a key of their browser. The browser proves the key
// from time to time, and gets a bound cookie for it (W3C, Device Bound Session Credentials).

// BindingGrace is how long after the binding cookies of before, which are not keyed, are served
// without a proof: their requests left before the bound cookie arrived.
const BindingGrace = time.Minute

func (s *State) bound() bool { return !s.BoundAt.IsZero() }

// judgeBound is rule 8: with a proof every genuine cookie of the session is as good as the settled
// branch of the newest generation, and without one nothing happens at all.
func judgeBound(s *State, p *Proof, live bool, now time.Time) Verdict {
	switch {
	case !p.Proven && !p.Keyed && live && now.Before(s.BoundAt.Add(BindingGrace)):
		return Verdict{Action: Serve}
	case !p.Proven:
		return Verdict{Action: RefuseUnproven}
	case p.Generation > s.Generation && p.Refresh:
		return Verdict{Action: Rebuild}
	case p.Generation > s.Generation:
		return Verdict{Action: Refuse}
	case !s.bound() && p.Key:
		return Verdict{Action: Rebind}
	case !s.bound():
		return Verdict{Action: Refuse} // a session cookie alone does not carry the key
	case !live && p.Refresh && p.Generation < s.Generation:
		return Verdict{Action: RefreshOnly}
	case !live && p.Refresh:
		return Verdict{Action: Rotate}
	case !live:
		return Verdict{Action: Refuse}
	case p.Refresh && (p.Generation < s.Generation || p.MintedAt.Before(s.RefreshedAt)):
		return Verdict{Action: Mint, Changed: s.unconfirmed()} // the cookies follow the tokens
	default:
		return Verdict{Action: Serve}
	}
}

// unconfirmed is s without the confirmation that rules 1 to 6 have made while no proofs were asked
// for, or nil if there is none: they mint nothing after it.
func (s *State) unconfirmed() *State {
	if s.ConfirmedAt.IsZero() {
		return nil
	}
	next := s.uncounted()
	return &next
}

// JudgeLost is Judge for a session that the store does not have: what is sealed in the refresh
// cookie rebuilds it (rule 5), and the key that is sealed there wants its proof first.
func (l *Limits) JudgeLost(p *Proof) Verdict {
	switch {
	case !p.Refresh:
		return Verdict{Action: Refuse}
	case l.Proofs && p.Keyed && !p.Proven:
		return Verdict{Action: RefuseUnproven}
	default:
		return Verdict{Action: Rebuild}
	}
}
