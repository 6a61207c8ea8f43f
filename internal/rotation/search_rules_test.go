package rotation

import "time"

// rules are what is searched: the judge, and the transitions that the guard makes after its
// verdicts.
type rules struct {
	judge   judging
	mint    func(s State) State
	advance func(l *Limits, s State) State
	refresh func(l *Limits, due Action, s State) State
	join    func(c cookie) cookie // what a request gets that joins the flight of one that gets c
}

type judging func(l *Limits, s *State, p Proof, lastSeen, now time.Time) Verdict

// guardsRules are the rules of the guard.
var guardsRules = rules{
	judge: func(l *Limits, s *State, p Proof, lastSeen, now time.Time) Verdict {
		return l.Judge(s, &p, lastSeen, now)
	},
	mint:    State.Minted,
	advance: func(l *Limits, s State) State { return l.Advanced(s, searchNow) },
	refresh: func(l *Limits, due Action, s State) State {
		return l.Refreshed(due, s, time.Time{}, searchNow)
	},
	join: func(cookie) cookie { return noCookie },
}

// confirmedLater judges the branches of a generation that is confirmed but not settled as if it had
// been confirmed that much later.
func confirmedLater(judge judging, by func(*Limits) time.Duration) judging {
	return func(l *Limits, rec *State, p Proof, lastSeen, now time.Time) Verdict {
		if p.Generation != rec.Generation || rec.ConfirmedAt.IsZero() || rec.Settled != (Digest{}) {
			return judge(l, rec, p, lastSeen, now)
		}
		later := *rec
		later.ConfirmedAt = rec.ConfirmedAt.Add(by(l))
		v := judge(l, &later, p, lastSeen, now)
		if v.Changed != nil {
			v.Changed.ConfirmedAt = rec.ConfirmedAt
		}
		return v
	}
}
