package rotation

import "time"

// A Digest names a branch: one mint of cookies within a generation. It is the first half of the
// SHA-256 of the branch, which only the browser keeps.
type Digest [16]byte

// A State is what the rules know of a session. Its times are zero if they are not known.
type State struct {
	Generation  uint32    // counts the refreshes; 1 after login
	Forked      bool      // several branches of this generation were minted
	Rebuilt     bool      // this generation was made from a cookie alone: its predecessor is not known
	Ended       bool      // a tombstone
	ConfirmedAt time.Time // when it was known first that the browser has cookies of this generation
	Settled     Digest    // the branch that the browser kept; zero: not known yet
	Predecessor Digest    // the settled branch of the generation before; zero in generation 1

	RefreshedAt    time.Time // when the provider issued the newest tokens
	TokenExpiresAt time.Time // when its JWT expires

	LastSeenAt       time.Time
	ExpiresAt        time.Time // the session ids of this generation
	RefreshExpiresAt time.Time // the refresh token may bring the session back until then
	Deadline         time.Time // the absolute end
}
