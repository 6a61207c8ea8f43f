package latchkey

import "time"

// rules are what is searched: the judge, and the two things that the guard does with its verdicts in which a rule is hidden.
type rules struct {
	judge judging
	mint  func(rec *Record, d Digest) // puts one more branch of this generation into the record
	join  func(c cookie) cookie       // what a request gets that shared the flight of another, which gets c
}

type judging func(l *limits, rec *Record, p presented, lastSeen, now time.Time) verdict

// guardsRules are those of the guard as it is.
var guardsRules = rules{
	judge: (*limits).judge,
	mint:  func(rec *Record, d Digest) { rec.Minted = append(rec.Minted, d) },
	join:  func(c cookie) cookie { return c },
}

// searchedRules are those of the guard with three changes, each of which the search asks for (testdata/rotation has the histories):
// of several branches one is settled 2W after the confirmation, not W; a genuine cookie of the newest generation needs no place in a list
// of eight; and only the request that began a flight gets the new cookies.
var searchedRules = rules{
	judge: confirmedLater(anyBranch(guardsRules.judge), func(l *limits) time.Duration { return l.inFlight }),
	mint: func(rec *Record, d Digest) {
		if len(rec.Minted) == 1 { // one, or several: more is not asked
			rec.Minted = append(rec.Minted, d)
		}
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

// anyBranch takes each genuine branch of the newest generation for one that the record lists.
func anyBranch(judge judging) judging {
	return func(l *limits, rec *Record, p presented, lastSeen, now time.Time) verdict {
		digest := p.branch.digest()
		if p.generation != rec.Generation || len(rec.Minted) == 0 || contains(rec.Minted, digest) {
			return judge(l, rec, p, lastSeen, now)
		}
		listed := rec.next()
		listed.Version, listed.Minted[0] = rec.Version, digest
		v := judge(l, listed, p, lastSeen, now)
		if v.changed != nil {
			v.changed.Minted = append([]Digest(nil), rec.Minted...)
		}
		return v
	}
}
