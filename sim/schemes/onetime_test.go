package schemes

import "time"

// oneTime is plain rotation: a refresh token is valid once, and its reuse revokes the login (RFC
// 9700, section 4.14.2, "refresh token rotation"; so do oidc-provider 9.13.3 if it rotates, and
// @better-auth/oauth-provider 1.7.5 by default).
type oneTime struct{ newest int }

func (r *oneTime) refresh(token int, _ time.Time) (int, verdict) {
	if token != r.newest {
		return 0, theft
	}
	r.newest++
	return r.newest, granted
}

func (*oneTime) serves(int) bool { return true }

// reusable is no rotation: one refresh token from login to logout, the default of many providers
// (RFC 6749, section 6).
type reusable struct{}

func (reusable) refresh(token int, _ time.Time) (int, verdict) { return token, granted }
func (reusable) serves(int) bool                               { return true }
