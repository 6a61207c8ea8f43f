package latchkey

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
)

const recordVersion = 1

const (
	flagPersistent = 1 << iota
	flagUnrevoked
	flagForked
	flagRebuilt
	flagUnminted
)

// AppendBinary appends the stored form of the record to b.
func (r *Record) AppendBinary(b []byte) ([]byte, error) {
	user, err := json.Marshal(r.User)
	if err != nil {
		return nil, err
	}
	b = append(b, recordVersion, r.flags())
	b = append(b, r.ID[:]...)
	b = binary.BigEndian.AppendUint64(b, r.Version)
	b = appendString(b, r.App)
	b = appendString(b, string(user))
	b = appendString(b, string(r.Token))
	b = appendTime(b, r.TokenExpiresAt)
	b = appendString(b, string(r.RefreshToken))
	b = appendString(b, r.RefreshTokenID)
	b = binary.BigEndian.AppendUint32(b, r.Generation)
	b = appendTime(b, r.ConfirmedAt)
	b = append(b, r.Settled[:]...)
	b = append(b, r.Parent[:]...)
	b = append(b, r.Claim.Flight[:]...)
	b = appendTime(b, r.Claim.Until)
	b = appendString(b, r.Device.UserAgent)
	b = appendString(b, r.Device.IP)
	b = appendString(b, string(r.Device.PublicKey))
	b = appendTime(b, r.CreatedAt)
	b = appendTime(b, r.LastSeenAt)
	b = appendTime(b, r.ExpiresAt)
	b = appendTime(b, r.RefreshExpiresAt)
	b = appendTime(b, r.Deadline)
	b = appendTime(b, r.EndedAt)
	return appendString(b, string(r.EndReason)), nil
}

// MarshalBinary returns the stored form of the record.
func (r *Record) MarshalBinary() ([]byte, error) { return r.AppendBinary(nil) }

// UnmarshalBinary reads what AppendBinary wrote. An unknown version is an error: an older program must not guess.
func (r *Record) UnmarshalBinary(data []byte) error {
	if len(data) == 0 {
		return errMalformed
	}
	if data[0] != recordVersion {
		return fmt.Errorf("session record of version %d: this program reads version %d", data[0], recordVersion)
	}
	in := &reader{b: data[1:]}
	*r = Record{}
	r.setFlags(in.byte())
	r.ID = in.array16()
	r.Version = in.uint64()
	r.App = in.string()
	user := in.bytes()
	r.Token = optional(in.bytes())
	r.TokenExpiresAt = in.time()
	r.RefreshToken = optional(in.bytes())
	r.RefreshTokenID = in.string()
	r.Generation = in.uint32()
	r.ConfirmedAt = in.time()
	r.Settled = in.array16()
	r.Parent = in.array16()
	r.Claim = Claim{Flight: in.array16(), Until: in.time()}
	r.Device = Device{UserAgent: in.string(), IP: in.string(), PublicKey: optional(in.bytes())}
	r.CreatedAt = in.time()
	r.LastSeenAt = in.time()
	r.ExpiresAt = in.time()
	r.RefreshExpiresAt = in.time()
	r.Deadline = in.time()
	r.EndedAt = in.time()
	r.EndReason = EndReason(in.string())
	if err := in.end(); err != nil {
		return fmt.Errorf("session record: %w", err)
	}
	if err := json.Unmarshal(user, &r.User); err != nil {
		return errors.New("session record: its user is not JSON")
	}
	return nil
}

func (r *Record) flags() (f byte) {
	if r.Persistent {
		f |= flagPersistent
	}
	if r.Unrevoked {
		f |= flagUnrevoked
	}
	if r.Forked {
		f |= flagForked
	}
	if r.Unminted {
		f |= flagUnminted
	}
	if r.Rebuilt {
		f |= flagRebuilt
	}
	return f
}

func (r *Record) setFlags(f byte) {
	r.Persistent = f&flagPersistent != 0
	r.Unrevoked = f&flagUnrevoked != 0
	r.Forked = f&flagForked != 0
	r.Unminted = f&flagUnminted != 0
	r.Rebuilt = f&flagRebuilt != 0
}

// optional keeps nil and empty the same, and does not hold on to the buffer that was read from.
func optional(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	return append([]byte(nil), b...)
}
