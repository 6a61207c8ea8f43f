package rotation

import "time"

// A Proof is what one request shows of one session: the genuine cookies of one branch.
type Proof struct {
	Generation uint32
	Branch     Digest
	MintedAt   time.Time

	Session bool // the session cookie is among them
	Refresh bool // the refresh cookie is

	Answers Question // what this browser was asked about the refresh cookie, and comes back with
	Follows bool     // whoever sent it can be asked: it follows redirections
}

// A Question is what a browser is asked about a refresh cookie. The zero Question is none.
type Question byte

// The questions.
const (
	WhetherKept  Question = 'k' // of several branches: is this the one?
	WhetherStale Question = 's' // are there no newer cookies?
)
