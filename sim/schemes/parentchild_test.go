package schemes

import "time"

// parentChild is SuperTokens' rotation: a refresh gives a child of the presented token and changes
// nothing yet. The first use of that child, or of the access token that came with it, makes it the
// current one. Until then the parent gives further children; a token that is neither current nor a
// child of the current one is theft, and the session is revoked. That is how
// supertokens-node-mysql-ref-jwt 5.0.4 works, whose successor is SuperTokens' core. The core's
// source was not available: supertokens-golang 0.25.1 tests the theft against it, and revokes by
// default. An access token of a child that lost is refused. The SDKs expect the core to say that
// the session has ended, or to ask for a refresh, which is theft. Here it asks: the first could hit
// the victim alone.
type parentChild struct {
	current int
	newest  int
	parent  map[int]int // of the tokens that were never the current one
}

func (r *parentChild) refresh(token int, _ time.Time) (int, verdict) {
	r.serves(token)
	if token != r.current {
		return 0, theft
	}
	r.newest++
	r.parent[r.newest] = token
	return r.newest, granted
}

func (r *parentChild) serves(token int) bool {
	parent, child := r.parent[token]
	if child && parent == r.current {
		r.current = token
		delete(r.parent, token)
		return true
	}
	return !child
}
