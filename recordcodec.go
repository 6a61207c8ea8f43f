package latchkey

import (
	"crypto/hmac"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/latchkey-dev/latchkey/internal/mac"
	"github.com/latchkey-dev/latchkey/internal/packed"
)

// The stored form of a record is its version, 2, and its tagged fields (package packed). It grows
// by tags, never by versions.
const recordVersion = 2

// An extra is what a record has beside the fields that this program knows.
type extra struct {
	unknown packed.Unknown
	mac     []byte // see recordMAC
}

var noExtra extra

func (r *Record) extras() *extra {
	if r.extra == nil {
		return &noExtra
	}
	return r.extra
}

// with returns a copy with other extras.
func (r *Record) with(e extra) *Record {
	n := *r
	if n.extra = nil; e.unknown != "" || e.mac != nil {
		n.extra = &e
	}
	return &n
}

// A storedRecord is a record on its way into its stored form, or out of it.
type storedRecord struct {
	*Record
	key     []byte // of its Binding
	boundAt time.Time
	mac     []byte
}

var recordLayout = packed.Layout[storedRecord]{
	packed.Array16(packed.TagID, func(r *storedRecord) *ID { return &r.ID }),
	packed.Uint64(packed.TagVersion, func(r *storedRecord) *uint64 { return &r.Version }),
	packed.Text(packed.TagApp, func(r *storedRecord) *string { return &r.App }),

	packed.Text(packed.TagUserID, func(r *storedRecord) *string { return &r.User.ID }),
	packed.Text(packed.TagEmail, func(r *storedRecord) *string { return &r.User.Email }),
	packed.Bool(packed.TagEmailVerified, func(r *storedRecord) *bool { return &r.User.EmailVerified }),
	packed.Text(packed.TagUsername, func(r *storedRecord) *string { return &r.User.Username }),
	packed.Text(packed.TagFirstName, func(r *storedRecord) *string { return &r.User.FirstName }),
	packed.Text(packed.TagLastName, func(r *storedRecord) *string { return &r.User.LastName }),
	packed.Text(packed.TagFullName, func(r *storedRecord) *string { return &r.User.FullName }),
	packed.Text(packed.TagImageURL, func(r *storedRecord) *string { return &r.User.ImageURL }),
	packed.Text(packed.TagPreferredLanguage, func(r *storedRecord) *string { return &r.User.PreferredLanguage }),
	packed.Text(packed.TagTimezone, func(r *storedRecord) *string { return &r.User.Timezone }),
	packed.Texts(packed.TagRoles, func(r *storedRecord) *[]string { return &r.User.Roles }),

	packed.Bytes(packed.TagToken, func(r *storedRecord) *[]byte { return &r.Token }),
	packed.Time(packed.TagTokenExpiresAt, func(r *storedRecord) *time.Time { return &r.TokenExpiresAt }),
	packed.Bytes(packed.TagRefreshToken, func(r *storedRecord) *[]byte { return &r.RefreshToken }),
	packed.Text(packed.TagRefreshTokenID, func(r *storedRecord) *string { return &r.RefreshTokenID }),

	packed.Uint32(packed.TagGeneration, func(r *storedRecord) *uint32 { return &r.Generation }),
	packed.Time(packed.TagRefreshedAt, func(r *storedRecord) *time.Time { return &r.RefreshedAt }),
	packed.Bool(packed.TagForked, func(r *storedRecord) *bool { return &r.Forked }),
	packed.Bool(packed.TagRebuilt, func(r *storedRecord) *bool { return &r.Rebuilt }),
	packed.Bool(packed.TagPersistent, func(r *storedRecord) *bool { return &r.Persistent }),
	packed.Time(packed.TagConfirmedAt, func(r *storedRecord) *time.Time { return &r.ConfirmedAt }),
	packed.Array16(packed.TagSettled, func(r *storedRecord) *Digest { return &r.Settled }),
	packed.Array16(packed.TagPredecessor, func(r *storedRecord) *Digest { return &r.Predecessor }),
	packed.Array16(packed.TagClaimFlight, func(r *storedRecord) *[16]byte { return &r.Claim.Flight }),
	packed.Time(packed.TagClaimUntil, func(r *storedRecord) *time.Time { return &r.Claim.Until }),

	packed.Text(packed.TagUserAgent, func(r *storedRecord) *string { return &r.Device.UserAgent }),
	packed.Text(packed.TagIP, func(r *storedRecord) *string { return &r.Device.IP }),
	packed.Bytes(packed.TagPublicKey, func(r *storedRecord) *[]byte { return &r.key }),

	packed.Time(packed.TagAuthenticatedAt, func(r *storedRecord) *time.Time { return &r.AuthenticatedAt }),
	packed.Texts(packed.TagAuthMethods, func(r *storedRecord) *[]string { return &r.AuthMethods }),
	packed.Time(packed.TagCreatedAt, func(r *storedRecord) *time.Time { return &r.CreatedAt }),
	packed.Time(packed.TagLastSeenAt, func(r *storedRecord) *time.Time { return &r.LastSeenAt }),
	packed.Time(packed.TagExpiresAt, func(r *storedRecord) *time.Time { return &r.ExpiresAt }),
	packed.Time(packed.TagRefreshExpiresAt, func(r *storedRecord) *time.Time { return &r.RefreshExpiresAt }),
	packed.Time(packed.TagDeadline, func(r *storedRecord) *time.Time { return &r.Deadline }),
	packed.Time(packed.TagEndedAt, func(r *storedRecord) *time.Time { return &r.EndedAt }),
	packed.Text(packed.TagEndReason, func(r *storedRecord) *EndReason { return &r.EndReason }),
	packed.Bool(packed.TagUnrevoked, func(r *storedRecord) *bool { return &r.Unrevoked }),

	packed.Bytes(packed.TagMAC, func(r *storedRecord) *[]byte { return &r.mac }),

	packed.Time(packed.TagBoundAt, func(r *storedRecord) *time.Time { return &r.boundAt }),
}

// AppendBinary appends the stored form of the record to b.
func (r *Record) AppendBinary(b []byte) ([]byte, error) {
	e := r.extras()
	return recordLayout.Append(append(b, recordVersion), &storedRecord{r, r.Binding.key(), r.Binding.boundAt(), e.mac}, e.unknown), nil
}

// MarshalBinary returns the stored form of the record.
func (r *Record) MarshalBinary() ([]byte, error) {
	return r.AppendBinary(make([]byte, 0, 768+len(r.Token)+len(r.RefreshToken))) // mostly enough
}

// UnmarshalBinary reads what AppendBinary writes, and what it wrote in version 1. Fields that this
// program does not know are kept, and written by AppendBinary.
func (r *Record) UnmarshalBinary(data []byte) error {
	*r = Record{}
	err := packed.ErrMalformed
	switch {
	case len(data) == 0:
	case data[0] == 1:
		err = r.unmarshalV1(data[1:])
	case data[0] == recordVersion:
		stored := storedRecord{Record: r}
		var unknown packed.Unknown
		unknown, err = recordLayout.Read(data[1:], &stored)
		*r = *r.with(extra{unknown, stored.mac})
		if err == nil {
			r.Binding, err = newBinding(stored.key, stored.boundAt)
		}
	default:
		err = fmt.Errorf("of version %d: this program reads versions 1 and %d", data[0], recordVersion)
	}
	if err != nil {
		return fmt.Errorf("session record: %w", err)
	}
	return nil
}

// Version 1 of a record is its fields in a fixed order. It is read, and no longer written.

const (
	v1Persistent = 1 << iota
	v1Unrevoked
	v1Forked
	v1Rebuilt
	_ // was: no browser has cookies of this generation yet
)

func (r *Record) unmarshalV1(data []byte) error {
	in := packed.NewReader(data)
	flags := in.Byte()
	r.Persistent, r.Unrevoked, r.Forked = flags&v1Persistent != 0, flags&v1Unrevoked != 0, flags&v1Forked != 0
	r.Rebuilt = flags&v1Rebuilt != 0
	r.ID = in.Array16()
	r.Version = in.Uint64()
	r.App = in.String()
	user := in.Bytes()
	r.Token = optional(in.Bytes())
	r.TokenExpiresAt = in.Time()
	r.RefreshToken = optional(in.Bytes())
	r.RefreshTokenID = in.String()
	r.Generation = in.Uint32()
	r.ConfirmedAt = in.Time()
	r.Settled = in.Array16()
	r.Predecessor = in.Array16()
	r.Claim = Claim{Flight: in.Array16(), Until: in.Time()}
	r.Device = Device{UserAgent: in.String(), IP: in.String()}
	_ = in.Bytes() // was reserved for a key
	r.CreatedAt = in.Time()
	r.LastSeenAt = in.Time()
	r.ExpiresAt = in.Time()
	r.RefreshExpiresAt = in.Time()
	r.Deadline = in.Time()
	r.EndedAt = in.Time()
	r.EndReason = EndReason(in.String())
	if err := in.End(); err != nil {
		return err
	}
	if !r.ended() {
		r.AuthenticatedAt = r.CreatedAt
	}
	if err := json.Unmarshal(user, &r.User); err != nil {
		return errors.New("the user is not JSON")
	}
	return nil
}

// optional keeps nil and empty the same, and does not hold on to the buffer that was read from.
func optional(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	return append([]byte(nil), b...)
}

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
