package rotation

import "time"

// A Proof is what a request proves about a session: it has the genuine cookies of one branch.
type Proof struct {
	Generation uint32
	Branch     Digest
	MintedAt   time.Time

	Session bool // has the session cookie
	Refresh bool // has the refresh cookie

	Answers Question // the challenge about this refresh cookie that the request answers
	Follows bool     // the client can be challenged: it follows redirects

	Keyed  bool // a cookie says that its session is bound to a key
	Key    bool // the refresh cookie carries that key
	Proven bool // the bound cookie proves the key, which is that of the session
}

// A Question is what a challenge asks about a refresh cookie. Zero means no question.
type Question byte

// The questions.
const (
	WhetherKept  Question = 'k' // of several branches: is this the one?
	WhetherStale Question = 's' // are there no newer cookies?
)
