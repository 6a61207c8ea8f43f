// Package refreshtoken makes and reads the values of refresh tokens.
//
// A value is never stored. It names its family (one login with all the tokens
// that followed from it) and its place in the family's line, and carries a MAC
// over both. So a value that we did not issue is refused by arithmetic alone,
// without a look into the database, and a dump of the database holds nothing
// that could be presented.
package refreshtoken

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"

	"github.com/google/uuid"
)

// Token is what a value says once its MAC has been checked.
type Token struct {
	Family  uuid.UUID // the refresh token id: the same for the life of a login
	Counter uint32    // 1 for the token of the login, one more for each successor
}

// Key makes and checks values. It must be secret and used for nothing else.
type Key [32]byte

// ErrForged means that the value was not made with this key: it is malformed,
// altered, or from elsewhere.
var ErrForged = errors.New("refreshtoken: not one of ours")

const (
	version  = 1
	bodySize = 1 + 16 + 4
	size     = bodySize + sha256.Size
)

// The text form has one spelling only: no padding, no stray bits, no line ends.
var encoding = base64.RawURLEncoding.Strict()

// Value returns the token in the form that is handed out: 71 characters of
// base64url.
func (k *Key) Value(t Token) string {
	raw := make([]byte, 0, size)
	raw = append(raw, version)
	raw = append(raw, t.Family[:]...)
	raw = binary.BigEndian.AppendUint32(raw, t.Counter)
	return encoding.EncodeToString(k.appendMAC(raw))
}

// Parse returns the token of a value, or ErrForged.
func (k *Key) Parse(value string) (Token, error) {
	if len(value) != encoding.EncodedLen(size) {
		return Token{}, ErrForged
	}
	raw, err := encoding.DecodeString(value)
	if err != nil || len(raw) != size || raw[0] != version {
		return Token{}, ErrForged
	}
	body := raw[:bodySize:bodySize]
	if !hmac.Equal(k.appendMAC(body)[bodySize:], raw[bodySize:]) {
		return Token{}, ErrForged
	}
	return Token{
		Family:  uuid.UUID(body[1:17]),
		Counter: binary.BigEndian.Uint32(body[17:]),
	}, nil
}

func (k *Key) appendMAC(body []byte) []byte {
	mac := hmac.New(sha256.New, k[:])
	mac.Write(body)
	return mac.Sum(body)
}
