package cookie

import (
	"crypto/hmac"
	"crypto/subtle"
	"encoding/binary"
	"time"

	"github.com/latchkey-dev/latchkey/internal/mac"
)

// The bound cookie says until when a browser has proven that it has the private key of its session
// (W3C, "Device Bound Session Credentials"). Alone it grants nothing. In base64url: version (1
// byte), key id (4), end (8), HMAC-SHA-256 (32). The MAC also covers the session's public id and
// the thumbprint of the public key, which are not in the cookie.
const (
	boundVersion  = 1
	boundHeadSize = 1 + 4 + 8
	boundSize     = boundHeadSize + mac.Size
	boundLength   = boundSize / 3 * 4 // no remainder, hence no padding
)

// BoundCookies makes and checks bound cookies.
type BoundCookies struct{ keys ring }

// NewBoundCookies binds the cookies to the app and its host.
func NewBoundCookies(keys Keys, app, host string) *BoundCookies {
	return &BoundCookies{newRing(keys, "bound cookie", app, host, BoundName)}
}

// Format returns the bound cookie of a session and of the key with the thumbprint (RFC 7638).
func (s *BoundCookies) Format(id [16]byte, thumbprint [32]byte, end time.Time) string {
	key := s.keys[0]
	raw := append(make([]byte, 0, boundSize), boundVersion)
	raw = binary.BigEndian.AppendUint32(raw, key.ID)
	raw = binary.BigEndian.AppendUint64(raw, uint64(end.UnixMilli()))
	sum := code(key, raw, id[:], thumbprint[:])
	return Encoding.EncodeToString(append(raw, sum[:]...))
}

// Parse returns the end of a genuine cookie of that session and key. Whether it is past is for the
// caller to ask.
func (s *BoundCookies) Parse(value string, id [16]byte, thumbprint [32]byte) (end time.Time, ok bool) {
	var raw [boundSize]byte
	if !decode(raw[:], value) || raw[0] != boundVersion {
		return time.Time{}, false
	}
	key := s.keys.find(binary.BigEndian.Uint32(raw[1:]))
	if key == nil {
		return time.Time{}, false
	}
	sum := code(key, raw[:boundHeadSize], id[:], thumbprint[:])
	if !hmac.Equal(sum[:], raw[boundHeadSize:]) {
		return time.Time{}, false
	}
	return time.UnixMilli(int64(binary.BigEndian.Uint64(raw[5:]))), true
}

// A VerifiedBound is a bound cookie whose MAC was right for a session, as a Verified is a session
// cookie. It takes 64 bytes.
type VerifiedBound struct {
	text [boundLength]byte
	end  uint32 // in seconds since 1970: enough until 2106
}

// NewVerifiedBound keeps a genuine cookie and its end.
func NewVerifiedBound(text string, end time.Time) *VerifiedBound {
	v := &VerifiedBound{end: uint32(end.Unix())}
	copy(v.text[:], text)
	return v
}

// Is reports whether text is this very cookie.
func (v *VerifiedBound) Is(text string) bool {
	return subtle.ConstantTimeCompare(v.text[:], []byte(text)) == 1
}

// End is the end of the cookie, rounded down to a second.
func (v *VerifiedBound) End() time.Time { return time.Unix(int64(v.end), 0) }
