package cookie

import (
	"encoding/binary"
	"time"
)

// A challenge is a stamp that says a time (8 bytes). Nothing is kept of it: what it is about is in
// its MAC. As base64url it is legal in a structured field (RFC 9651).
const challengeSize = 8

// RegistrationChallenges makes and checks the challenges that a browser signs with a new key. They
// are about one session.
type RegistrationChallenges struct{ keys ring }

// NewRegistrationChallenges binds the challenges to the app and its host.
func NewRegistrationChallenges(keys Keys, app, host string) *RegistrationChallenges {
	return &RegistrationChallenges{newRing(keys, "registration challenge", app, host)}
}

// Format returns the challenge of a session and a time.
func (s *RegistrationChallenges) Format(id [16]byte, at time.Time) string {
	return s.keys.challenge(at, id[:])
}

// Parse returns the time of a genuine challenge of that session.
func (s *RegistrationChallenges) Parse(text string, id [16]byte) (at time.Time, ok bool) {
	return s.keys.challenged(text, id[:])
}

// RefreshChallenges makes and checks the challenges that a browser signs for a bound cookie. They
// are about one session and its key.
type RefreshChallenges struct{ keys ring }

// NewRefreshChallenges binds the challenges to the app and its host.
func NewRefreshChallenges(keys Keys, app, host string) *RefreshChallenges {
	return &RefreshChallenges{newRing(keys, "refresh challenge", app, host)}
}

// Format returns the challenge of a session, of the key with the thumbprint, and a time.
func (s *RefreshChallenges) Format(id [16]byte, thumbprint [32]byte, at time.Time) string {
	return s.keys.challenge(at, id[:], thumbprint[:])
}

// Parse returns the time of a genuine challenge of that session and key.
func (s *RefreshChallenges) Parse(text string, id [16]byte, thumbprint [32]byte) (at time.Time, ok bool) {
	return s.keys.challenged(text, id[:], thumbprint[:])
}

func (r ring) challenge(at time.Time, about ...[]byte) string {
	return r.stamp(binary.BigEndian.AppendUint64(nil, uint64(at.UnixMilli())), about...)
}

func (r ring) challenged(text string, about ...[]byte) (at time.Time, ok bool) {
	says, ok := r.stamped(text, challengeSize, about...)
	if !ok {
		return time.Time{}, false
	}
	return time.UnixMilli(int64(binary.BigEndian.Uint64(says))), true
}
