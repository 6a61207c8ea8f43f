package cookie

import (
	"crypto/hmac"
	"encoding/binary"
	"slices"
)

// A stamp is a short text that only the app can make: key id (4 bytes), what it says, and 16 bytes
// of an HMAC-SHA-256 over both and over what it is about, which is not in it. In base64url.
const (
	stampKeySize  = 4
	stampCodeSize = 16
)

func (r ring) stamp(says []byte, about ...[]byte) string {
	key := r[0]
	head := append(binary.BigEndian.AppendUint32(nil, key.ID), says...)
	sum := code(key, head, slices.Concat(about...))
	return Encoding.EncodeToString(append(head, sum[:stampCodeSize]...))
}

// claimed returns the size bytes that a stamp says whose key is not in the ring. Nothing may be
// believed of them.
func (r ring) claimed(text string, size int) (says []byte, ok bool) {
	raw := make([]byte, stampKeySize+size+stampCodeSize)
	if !decode(raw, text) || r.find(binary.BigEndian.Uint32(raw)) != nil {
		return nil, false
	}
	return raw[stampKeySize : stampKeySize+size], true
}

// stamped returns the size bytes that a genuine stamp says.
func (r ring) stamped(text string, size int, about ...[]byte) (says []byte, ok bool) {
	raw := make([]byte, stampKeySize+size+stampCodeSize)
	if !decode(raw, text) {
		return nil, false
	}
	key := r.find(binary.BigEndian.Uint32(raw))
	if key == nil {
		return nil, false
	}
	head, claimed := raw[:stampKeySize+size], raw[stampKeySize+size:]
	sum := code(key, head, slices.Concat(about...))
	return head[stampKeySize:], hmac.Equal(sum[:stampCodeSize], claimed)
}
