package rotation

import "time"

// A Digest names a branch: one pair of cookies within a generation. It is the first half of the
// SHA-256 of a random value that only the browser keeps.
type Digest [16]byte

// A State is what the rules know of a session. A zero time is unknown.
type State struct {
	Generation  uint32    // counts the refreshes; 1 after login
	Forked      bool      // several branches of this generation were minted
	Rebuilt     bool      // this generation was made from a cookie alone: no known predecessor
	Ended       bool      // a tombstone
	ConfirmedAt time.Time // when the browser first proved that it has cookies of this generation
	Settled     Digest    // the branch that the browser kept; zero if not known yet
	Predecessor Digest    // the settled branch of the previous generation; zero in generation 1

	RefreshedAt    time.Time // when the provider issued the newest tokens
	TokenExpiresAt time.Time // when its JWT expires

	LastSeenAt       time.Time
	ExpiresAt        time.Time // when the session ids of this generation expire
	RefreshExpiresAt time.Time // until when the refresh token can resume the session
	Deadline         time.Time // the absolute timeout

	Registered bool      // the browser has registered a key
	BoundAt    time.Time // when the session was bound to it; zero: it is not
}
