package schemes

import "time"

// parentChild is SuperTokens' rotation ("Refresh token rotation and token theft detection"): a refresh gives a child of the presented token and changes nothing yet.
// The first use of that child, or of the access token that came with it, makes it the current one. Until then the parent
// gives further children; what is neither current nor a child of the current one is theft, and the session is revoked, as the documents advise.
// An access token of a child that lost is served until it expires.
type parentChild struct {
	current int
	newest  int
	parent  map[int]int
}

func (r *parentChild) refresh(token int, _ time.Time) (int, verdict) {
	r.used(token)
	if token != r.current {
		return 0, theft
	}
	r.newest++
	r.parent[r.newest] = token
	return r.newest, granted
}

func (r *parentChild) used(token int) {
	if parent, has := r.parent[token]; has && parent == r.current {
		r.current = token
	}
}
