package refreshtoken

import "time"

// A Policy is what an application says about its refresh tokens. It applies as it is today, also to
// tokens issued before.
type Policy struct {
	Reusable bool          // each refresh answers the same token; else the next one
	Idle     time.Duration // how long a token is good after the last refresh; 0: no limit
	Lifetime time.Duration // how long a family is good after its login; 0: no limit
}

// A Family is one login with all the refresh tokens that followed from it.
type Family struct {
	Used    uint32    // the highest counter that was presented; 0: none yet
	Began   time.Time // the login
	Last    time.Time // the latest refresh, or the login
	Revoked time.Time // zero: not
}

// Current returns the counter of the token that the application should hold now.
func (f Family) Current(p Policy) uint32 {
	if p.Reusable {
		return max(f.Used, 1)
	}
	return f.Used + 1
}

// Deadline returns the instant from which no token of the family is good, or the zero time
// if the policy has no limit.
func (f Family) Deadline(p Policy) time.Time {
	idle, end := f.Last.Add(p.Idle), f.Began.Add(p.Lifetime)
	switch {
	case p.Idle == 0 && p.Lifetime == 0:
		return time.Time{}
	case p.Lifetime == 0 || p.Idle != 0 && idle.Before(end):
		return idle
	}
	return end
}

// Dead reports whether the family was revoked or has expired.
func (f Family) Dead(p Policy, now time.Time) bool {
	deadline := f.Deadline(p)
	return !f.Revoked.IsZero() || !deadline.IsZero() && !now.Before(deadline)
}

// A Verdict is what a presented token is worth.
type Verdict int

// Verdicts.
const (
	Good   Verdict = iota
	Dead           // the family was revoked or has expired
	Reused         // the token was spent: two parties hold what only one should (RFC 9700 §4.14.2)
)

// Judge decides what a genuine token is worth.
//
// A token is good until its successor is presented: the client that holds the successor has proved
// that it arrived. Until then the predecessor answers the same successor again, so a lost answer
// costs nothing, however late.
//
// A counter above all that were presented is good as well, even by more than one: the MAC proves
// that we issued it, so the database must have lost a little of its past.
func (f Family) Judge(counter uint32, p Policy, now time.Time) Verdict {
	switch {
	case f.Dead(p, now):
		return Dead
	case counter < f.Used:
		return Reused
	}
	return Good
}

// Refreshed returns the family after a good token was presented.
func (f Family) Refreshed(counter uint32, now time.Time) Family {
	f.Used, f.Last = counter, now
	return f
}
