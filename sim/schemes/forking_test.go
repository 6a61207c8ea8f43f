package schemes

import "time"

// forking is Ory Hydra's graceful refresh token rotation (Hydra 2.3.0 on fosite 0.49.0,
// oauth2.grant.refresh_token.rotation_grace_period; off by default, five minutes at most): within
// the grace period, counted from a token's first use, each use of it gives a new token, and all of
// these go on. After it, reuse revokes the whole chain. The first use also revokes the access token
// that came with the token. Newer versions can limit the number of reuses
// (rotation_grace_reuse_count, @ory/client 1.22.66), and do not by default; here there is no limit,
// which is best for honest browsers.
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
	case now.Sub(first) >= r.window:
		return 0, theft
	}
	r.newest++
	return r.newest, granted
}

func (r *forking) serves(token int) bool {
	_, used := r.firstUse[token]
	return !used
}
