package cookie

import (
	"github.com/latchkey-dev/latchkey/internal/mac"
)

// A ring is the MAC keys of one purpose, in the order of the app's keys: the first makes codes, all
// of them check.
type ring []*mac.Key

func newRing(keys Keys, purpose string, scope ...string) (r ring) {
	for _, k := range keys {
		r = append(r, mac.New(k.ID, k.Derive(purpose, mac.Size, scope...)))
	}
	return r
}

func (r ring) find(id uint32) *mac.Key {
	for _, k := range r {
		if k.ID == id {
			return k
		}
	}
	return nil
}

// code is the MAC of the parts, one after the other. The parts of one purpose have the same sizes
// each time, so no two lists of them are the same message.
func code(key *mac.Key, parts ...[]byte) (sum [mac.Size]byte) {
	message := make([]byte, 0, 64)
	for _, part := range parts {
		message = append(message, part...)
	}
	key.Append(sum[:0], message)
	return sum
}

// decode fills raw with what the text encodes, and reports whether it is that and no more.
func decode(raw []byte, text string) bool {
	if len(text) != Encoding.EncodedLen(len(raw)) {
		return false
	}
	n, err := Encoding.Decode(raw, []byte(text))
	return err == nil && n == len(raw)
}
