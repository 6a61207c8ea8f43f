package rotation

import "time"

const (
	// ProofSkew is how long after its end a bound cookie is accepted, for clocks that differ and
	// requests in flight, and how long before its time a challenge is.
	ProofSkew = time.Minute
	// ProofAhead is how long before the end of its bound cookie a browser proves its key again.
	ProofAhead = 2 * time.Minute
	// FirstProof is the life of the bound cookie that comes with the registration. It is shorter
	// than ProofAhead, so that the next request starts the first proof, and does not wait for it.
	FirstProof = 110 * time.Second
)

// ProofLives reports whether a bound cookie with this end is still a proof.
func ProofLives(end, now time.Time) bool { return now.Before(end.Add(ProofSkew)) }

// A challenge names the time from which its proof is good. So a proof buys the same bound cookie
// however often it comes, and no use of it has to be recorded.

// ProofEnd returns until when the answer to a challenge is good. ok is false if it comes too early
// or too late.
func (l *Limits) ProofEnd(challenge, now time.Time) (end time.Time, ok bool) {
	if challenge.After(now.Add(ProofSkew)) || now.After(challenge.Add(l.ProofLife/2)) {
		return time.Time{}, false
	}
	return challenge.Add(l.ProofLife), true
}

// NextChallenge returns the time of the challenge that comes with a bound cookie: when its browser
// will answer it.
func NextChallenge(end time.Time) time.Time { return end.Add(-ProofAhead) }

// A KeyProof is what the route where browsers prove their keys knows of a request, besides the
// session that it names.
type KeyProof struct {
	OtherSession bool // it has genuine cookies of another session
	Refresh      bool // it has the refresh cookie of the session
	Key          bool // which carries the key
	Transient    bool // the session ends when its browser is closed
	Answer       Answer
}

// An Answer is what becomes of the answer to a challenge.
type Answer byte

// The answers.
const (
	NoAnswer    Answer = iota
	StaleAnswer        // to a challenge that is too early or too late
	WrongAnswer        // not signed with the key
	RightAnswer
)

// A KeyVerdict is the response to a KeyProof. There is no other: any other status costs a browser
// its key.
type KeyVerdict int

// The verdicts.
const (
	KeyUnknown    KeyVerdict = iota // 503: the browser keeps its key and asks again
	KeyForgotten                    // 200 with continue: false: the browser drops its key
	KeyChallenged                   // 403 with a challenge
	KeyProven                       // 200 with the next bound cookie
	KeyBound                        // the same, and the session is bound now
)

// JudgeKey decides what a browser gets that proves its key. The state is nil if the store has no
// record of the session.
func (l *Limits) JudgeKey(s *State, p *KeyProof, now time.Time) KeyVerdict {
	switch {
	case p.OtherSession: // a login of before, whose bound cookie would replace that of today's
		return KeyForgotten
	case s == nil && !p.Key:
		return KeyUnknown // a store that has lost it looks the same
	case s != nil && (s.Ended || !now.Before(s.Deadline) || !now.Before(s.RefreshExpiresAt)):
		return KeyForgotten
	case s != nil && p.Transient && !p.Refresh:
		return KeyForgotten // the browser was closed
	case s != nil && !s.Registered && !p.Key && !p.Refresh:
		return KeyUnknown // the store has lost the key, and the cookies may have it
	case s != nil && !s.Registered && !p.Key:
		return KeyForgotten
	case p.Answer != RightAnswer:
		return KeyChallenged
	case s != nil && !s.bound():
		return KeyBound
	default:
		return KeyProven
	}
}
