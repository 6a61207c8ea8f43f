package latchkey

import "time"

// rules are what is searched: the judge, and the things that the guard does with its verdicts in which a rule is hidden.
type rules struct {
	judge        judging
	mint         func(rec *Record, d Digest)          // puts one more branch of this generation into the record
	succeed      func(l *limits, rec *Record) *Record // begins the next generation without asking the provider
	refreshEarly func(l *limits, rec *Record) *Record
	join         func(c cookie) cookie // what a request gets that shared the flight of another, which gets c
}

type judging func(l *limits, rec *Record, p presented, lastSeen, now time.Time) verdict

// guardsRules are those of the guard.
var guardsRules = rules{
	judge:   (*limits).judge,
	mint:    func(rec *Record, _ Digest) { rec.Forked = true },
	succeed: func(l *limits, rec *Record) *Record { return rec.succeeded(l, searchNow) },
	refreshEarly: func(_ *limits, rec *Record) *Record {
		next := rec.next()
		next.RefreshedAt = searchNow
		return next
	},
	join: func(cookie) cookie { return noCookie },
}

// confirmedLater judges the branches of a generation that is confirmed and not settled as if it had been confirmed that much later.
func confirmedLater(judge judging, by func(*limits) time.Duration) judging {
	return func(l *limits, rec *Record, p presented, lastSeen, now time.Time) verdict {
		if p.generation != rec.Generation || rec.ConfirmedAt.IsZero() || rec.Settled != (Digest{}) {
			return judge(l, rec, p, lastSeen, now)
		}
		later := *rec
		later.ConfirmedAt = rec.ConfirmedAt.Add(by(l))
		v := judge(l, &later, p, lastSeen, now)
		if v.changed != nil {
			v.changed.ConfirmedAt = rec.ConfirmedAt
		}
		return v
	}
}
