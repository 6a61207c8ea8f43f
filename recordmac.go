package latchkey

import (
	"crypto/hmac"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/latchkey-dev/latchkey/internal/mac"
)

// A store that has mixed up its records, or was changed by hand, is not believed.
var (
	errNotBelieved   = errors.New("a record in the store is not believed")
	errNoMAC         = fmt.Errorf("%w: it has no MAC, and was written after the last program that made none", errNotBelieved)
	errForgedRecord  = fmt.Errorf("%w: its MAC is wrong", errNotBelieved)
	errUnknownMACKey = fmt.Errorf("%w: this node does not have the key of its MAC", errNotBelieved)
)

// recordMAC authenticates records: who can write to the store, and has no key, cannot make a record
// or change one. It covers all but LastSeenAt, which a store moves by itself: the stored form, with
// the fields that this program does not know.
//
// Layout: version (1 byte), key id (4), HMAC-SHA-256, of which 16 bytes are kept (RFC 2104, section
// 5).
type recordMAC struct {
	keys     []*mac.Key // in the order of the ring
	required bool       // no program without MACs has written with a key of the ring
}

const (
	recordMACVersion = 1
	recordMACSize    = 1 + 4 + 16
)

func newRecordMAC(ring KeyRing, app string) *recordMAC {
	m := &recordMAC{required: true}
	for _, k := range ring {
		m.required = m.required && k.format > 1
		m.keys = append(m.keys, mac.New(k.id, k.derive("record", mac.Size, app)))
	}
	return m
}

// sign returns a copy of the record with a MAC.
func (m *recordMAC) sign(rec *Record) *Record {
	return rec.with(extra{rec.extras().unknown, codeOf(rec, m.keys[0])})
}

// check returns an error for a record whose MAC is wrong. One without a MAC is believed as long as
// the ring has a key of the time when there were none. The end of a session is believed without one
// too, or with that of a key that is gone: all that it can do is end, and it may be what ended all
// sessions before the keys were replaced.
func (m *recordMAC) check(rec *Record) error {
	code := rec.extras().mac
	if code == nil {
		if m.required && !rec.ended() {
			return errNoMAC
		}
		return nil
	}
	id, ok := recordMACKey(code)
	if !ok {
		return errForgedRecord
	}
	for _, key := range m.keys {
		switch {
		case key.ID != id:
		case hmac.Equal(codeOf(rec, key), code):
			return nil
		default:
			return errForgedRecord
		}
	}
	if rec.ended() {
		return nil
	}
	return errUnknownMACKey
}

// recordMACKey returns the id of the key that a MAC names.
func recordMACKey(code []byte) (id uint32, ok bool) {
	if len(code) != recordMACSize || code[0] != recordMACVersion {
		return 0, false
	}
	return binary.BigEndian.Uint32(code[1:]), true
}

// codeOf returns the MAC of a record with a key.
func codeOf(rec *Record, key *mac.Key) []byte {
	covered := rec.with(extra{unknown: rec.extras().unknown})
	covered.LastSeenAt = time.Time{}
	text, _ := covered.MarshalBinary() // never fails
	code := binary.BigEndian.AppendUint32([]byte{recordMACVersion}, key.ID)
	return key.Append(code, text)[:recordMACSize]
}
