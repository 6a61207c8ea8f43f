package schemes

import "time"

// forking is Ory Hydra's graceful refresh token rotation ("Refresh token rotation", oauth2.grant.refresh_token.rotation_grace_period):
// within the grace period, counted from a token's first use, each use of it gives a new token of its own, and all of these go on. After it,
// reuse revokes the whole chain. A limit on the number of reuses can be set in newer versions; here there is none, which is best for honest browsers.
type forking struct {
	window time.Duration

	newest   int
	firstUse map[int]time.Time
}

func (r *forking) refresh(token int, now time.Time) (int, verdict) {
	first, again := r.firstUse[token]
	switch {
	case !again:
		r.firstUse[token] = now
	case now.Sub(first) > r.window:
		return 0, theft
	}
	r.newest++
	return r.newest, granted
}

func (*forking) used(int) {}
