package schemes

import "time"

// counter is the second refresh token algorithm of Supabase Auth (its "Sessions" guide, and the notes on the change): the session counts refreshes, a token carries the count.
// A token that is one behind is always answered with the current one, since the client may have failed to save that; one further behind only within the
// reuse interval (10 s by default) after the last refresh. Anything else revokes the session.
type counter struct {
	interval time.Duration

	count       int
	refreshedAt time.Time
}

func (r *counter) refresh(token int, now time.Time) (int, verdict) {
	switch {
	case token == r.count:
		r.count, r.refreshedAt = r.count+1, now
		return r.count, granted
	case token == r.count-1, now.Sub(r.refreshedAt) <= r.interval:
		return r.count, granted
	}
	return 0, theft
}

func (*counter) used(int) {}
