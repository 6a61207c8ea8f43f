package cookie

import (
	"crypto/hmac"
	"crypto/subtle"
	"encoding/binary"
	"time"

	"github.com/latchkey-dev/latchkey/internal/mac"
)

// The session cookie is a mark and a MAC over it, in base64url: version (1 byte), key id (4),
// public id (16), generation (4), branch (16), mint time (8), HMAC-SHA-256 (32).
//
// The version is 1, or 2 if the session is bound to a device. To a program that knows only version
// 1, the cookie of a bound session is not genuine: it would serve it without a proof.
const (
	sessionVersion      = 1
	keyedSessionVersion = 2

	sessionMarkSize = 1 + 4 + 16 + 4 + 16 + 8
	sessionSize     = sessionMarkSize + mac.Size
	sessionLength   = sessionSize / 3 * 4 // no remainder, hence no padding
)

// Sessions authenticates session cookies: a forged one is refused without a look into the store.
type Sessions struct{ keys ring }

// NewSessions derives one key per key of the app. App, host and cookie name go into the key, so
// that no cookie works in another place.
func NewSessions(keys Keys, app, host string) *Sessions {
	return &Sessions{newRing(keys, "session cookie", app, host, SessionName)}
}

// Format returns the session cookie that says m.
func (s *Sessions) Format(m Mark) string {
	key := s.keys[0]
	raw := append(make([]byte, 0, sessionSize), sessionVersion)
	if m.Keyed {
		raw[0] = keyedSessionVersion
	}
	raw = binary.BigEndian.AppendUint32(raw, key.ID)
	raw = append(raw, m.ID[:]...)
	raw = binary.BigEndian.AppendUint32(raw, m.Generation)
	raw = append(raw, m.Branch[:]...)
	raw = binary.BigEndian.AppendUint64(raw, uint64(m.MintedAt.UnixMilli()))
	return Encoding.EncodeToString(key.Append(raw, raw))
}

// Parse returns the mark of a genuine cookie.
func (s *Sessions) Parse(value string) (Mark, bool) {
	var c sessionCookie
	if !c.decode(value) {
		return Mark{}, false
	}
	key := s.keys.find(c.keyID())
	if key == nil || !c.genuine(key) {
		return Mark{}, false
	}
	return c.mark(), true
}

// UnknownKey returns the id of the key that a cookie names, if it is not one of ours.
func (s *Sessions) UnknownKey(value string) (id uint32, unknown bool) {
	var c sessionCookie
	if !c.decode(value) || s.keys.find(c.keyID()) != nil {
		return 0, false
	}
	return c.keyID(), true
}

// A sessionCookie is one without its encoding. Nothing of it may be believed unless it is genuine.
type sessionCookie [sessionSize]byte

// decode reports whether value has the form of a session cookie.
func (c *sessionCookie) decode(value string) bool {
	return decode(c[:], value) && (c[0] == sessionVersion || c[0] == keyedSessionVersion)
}

func (c *sessionCookie) keyID() uint32 { return binary.BigEndian.Uint32(c[1:]) }

func (c *sessionCookie) mark() Mark {
	return Mark{
		ID: [16]byte(c[5:21]), Generation: binary.BigEndian.Uint32(c[21:]), Branch: Branch(c[25:41]),
		MintedAt: time.UnixMilli(int64(binary.BigEndian.Uint64(c[41:]))), Keyed: c[0] == keyedSessionVersion,
	}
}

func (c *sessionCookie) genuine(key *mac.Key) bool {
	var sum [mac.Size]byte
	return hmac.Equal(key.Append(sum[:0], c[:sessionMarkSize]), c[sessionMarkSize:])
}

// A Verified is a session cookie whose MAC was right. To be equal to it proves as much as the MAC
// does, and costs a tenth: the keys of an app do not change while it runs. There is one for each
// session in memory, so it has no more than it needs.
type Verified struct {
	text     [sessionLength]byte
	mintedAt uint32   // the low bits of the milliseconds since 1970
	Digest   [16]byte // of the branch
}

// NewVerified keeps a genuine cookie and what it says.
func NewVerified(text string, m Mark) *Verified {
	v := &Verified{mintedAt: uint32(m.MintedAt.UnixMilli()), Digest: m.Branch.Digest()}
	copy(v.text[:], text)
	return v
}

// Is reports whether text is this very cookie.
func (v *Verified) Is(text string) bool {
	return subtle.ConstantTimeCompare(v.text[:], []byte(text)) == 1
}

// Keyed reports whether the cookie says that its session is bound to a device. The low bits of the
// version are in the second character: version 1 makes it one of Q to f, version 2 one of g to v. A
// field of its own would put each Verified into the next size class.
func (v *Verified) Keyed() bool { return v.text[1] >= 'g' }

// MintedAt is when the cookie was minted: within the last 49 days, for 32 bits do not reach
// further.
func (v *Verified) MintedAt(now time.Time) time.Time {
	ms := now.UnixMilli()
	return time.UnixMilli(ms - int64(uint32(ms)-v.mintedAt))
}

// Where the id begins and ends in the raw cookie, and between which characters all its bits are.
const (
	idFrom, idTo     = 1 + 4, 1 + 4 + 16
	idTextFrom       = idFrom / 3 * 4
	idTextTo         = (idTo + 2) / 3 * 4
	idSkip, idDecode = idFrom % 3, (idTextTo - idTextFrom) / 4 * 3
)

// ClaimedSession returns the id that a session cookie claims. Nothing may be believed of it.
func ClaimedSession(value string) (id [16]byte, ok bool) {
	if len(value) != sessionLength {
		return id, false
	}
	var text [idTextTo - idTextFrom]byte
	var raw [idDecode]byte
	copy(text[:], value[idTextFrom:idTextTo])
	if _, err := Encoding.Decode(raw[:], text[:]); err != nil {
		return id, false
	}
	copy(id[:], raw[idSkip:])
	return id, true
}
