package cookie

import (
	"encoding/binary"
	"log/slog"
	"time"
)

// A SessionIdentifier is what a browser calls a session when it refreshes the bound cookie (W3C,
// "Device Bound Session Credentials"). Another host of the site that knew it could replace the
// session's key in the browser, so it prints as nothing of itself. It is a stamp that says the
// public id (16 bytes) and the absolute deadline in minutes since 1970 (4).
type SessionIdentifier string

const identifierSize = 16 + 4

// String hides the identifier.
func (SessionIdentifier) String() string { return "[secret]" }

// GoString hides the identifier.
func (SessionIdentifier) GoString() string { return "[secret]" }

// LogValue hides the identifier.
func (SessionIdentifier) LogValue() slog.Value { return slog.StringValue("[secret]") }

// SessionIdentifiers makes and reads session identifiers.
type SessionIdentifiers struct{ keys ring }

// NewSessionIdentifiers binds the identifiers to the app and its host.
func NewSessionIdentifiers(keys Keys, app, host string) *SessionIdentifiers {
	return &SessionIdentifiers{newRing(keys, "device-bound session identifier", app, host)}
}

// Format returns the identifier of a session. The deadline is rounded up to a minute.
func (s *SessionIdentifiers) Format(id [16]byte, deadline time.Time) SessionIdentifier {
	const minute = 60_000
	says := append(make([]byte, 0, identifierSize), id[:]...)
	says = binary.BigEndian.AppendUint32(says, uint32((deadline.UnixMilli()+minute-1)/minute))
	return SessionIdentifier(s.keys.stamp(says))
}

// Parse returns what a genuine identifier says.
func (s *SessionIdentifiers) Parse(text string) (id [16]byte, deadline time.Time, ok bool) {
	says, ok := s.keys.stamped(text, identifierSize)
	if !ok {
		return id, time.Time{}, false
	}
	return [16]byte(says), time.Unix(60*int64(binary.BigEndian.Uint32(says[16:])), 0), true
}

// Claimed returns the session that an identifier names if it was made with a key that is gone.
// Browsers keep an identifier for as long as the session lives. Nothing may be believed of it but
// what a refresh cookie confirms.
func (s *SessionIdentifiers) Claimed(text string) (id [16]byte, ok bool) {
	says, ok := s.keys.claimed(text, identifierSize)
	if !ok {
		return id, false
	}
	return [16]byte(says), true
}
