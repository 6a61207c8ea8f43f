package schemes

import "time"

// parentOfActive is what Supabase Auth does (@supabase/auth-js 2.109.0,
// migrations/lockless-coordination.md; the defaults are of @supabase/config 0.9.0): a used token
// whose child is the active one is always answered with the active one, since the client may have
// failed to save it, and nothing rotates. One further behind is accepted only within the reuse
// interval (10 s by default), here counted from the last refresh. That anything else revokes the
// session, and that the newer algorithm, which counts refreshes, decides alike, is from memory: the
// server's source was not available. @supabase/ssr 0.12.7 says that the second of two tabs fails.
// That contradicts the first sentence, and is worse for the scheme.
type parentOfActive struct {
	interval time.Duration

	active      int
	refreshedAt time.Time
}

func (r *parentOfActive) refresh(token int, now time.Time) (int, verdict) {
	switch {
	case token == r.active:
		r.active, r.refreshedAt = r.active+1, now
		return r.active, granted
	case token == r.active-1, now.Sub(r.refreshedAt) <= r.interval:
		return r.active, granted
	}
	return 0, theft
}

func (*parentOfActive) serves(int) bool { return true }
