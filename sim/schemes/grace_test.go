package schemes

import "time"

// graceful is FusionAuth's one-time use with a grace period ("Refresh Token Settings",
// refreshTokenOneTimeUseConfiguration.gracePeriodInSeconds): within it the predecessor is answered
// with the current token, and nothing rotates. After it, reuse is refused, and with
// refreshTokenRevocationPolicy.onOneTimeTokenReuse it revokes the token in all its values; off by
// default. It is not documented how far back a value counts as reused: here all do.
// @better-auth/oauth-provider 1.7.5 with a refreshTokenReuseInterval is much the same, with the
// revocation.
type graceful struct {
	window       time.Duration
	reuseRevokes bool

	newest    int
	rotatedAt time.Time
}

func (r *graceful) refresh(token int, now time.Time) (int, verdict) {
	switch {
	case token == r.newest:
		r.newest, r.rotatedAt = r.newest+1, now
		return r.newest, granted
	case token == r.newest-1 && now.Sub(r.rotatedAt) <= r.window:
		return r.newest, granted
	case r.reuseRevokes:
		return 0, theft
	}
	return 0, refused
}

func (*graceful) serves(int) bool { return true }
