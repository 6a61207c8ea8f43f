package latchkey

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/latchkey-dev/latchkey/internal/packed"
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
	b = packed.AppendString(b, r.App)
	b = packed.AppendString(b, string(user))
	b = packed.AppendString(b, string(r.Token))
	b = packed.AppendTime(b, r.TokenExpiresAt)
	b = packed.AppendString(b, string(r.RefreshToken))
	b = packed.AppendString(b, r.RefreshTokenID)
	b = binary.BigEndian.AppendUint32(b, r.Generation)
	b = packed.AppendTime(b, r.ConfirmedAt)
	b = append(b, r.Settled[:]...)
	b = append(b, r.Parent[:]...)
	b = append(b, r.Claim.Flight[:]...)
	b = packed.AppendTime(b, r.Claim.Until)
	b = packed.AppendString(b, r.Device.UserAgent)
	b = packed.AppendString(b, r.Device.IP)
	b = packed.AppendString(b, string(r.Device.PublicKey))
	b = packed.AppendTime(b, r.CreatedAt)
	b = packed.AppendTime(b, r.LastSeenAt)
	b = packed.AppendTime(b, r.ExpiresAt)
	b = packed.AppendTime(b, r.RefreshExpiresAt)
	b = packed.AppendTime(b, r.Deadline)
	b = packed.AppendTime(b, r.EndedAt)
	return packed.AppendString(b, string(r.EndReason)), nil
}

// MarshalBinary returns the stored form of the record.
func (r *Record) MarshalBinary() ([]byte, error) { return r.AppendBinary(nil) }

// UnmarshalBinary reads what AppendBinary wrote. An unknown version is an error: an older program must not guess.
func (r *Record) UnmarshalBinary(data []byte) error {
	if len(data) == 0 {
		return packed.ErrMalformed
	}
	if data[0] != recordVersion {
		return fmt.Errorf("session record of version %d: this program reads version %d", data[0], recordVersion)
	}
	in := packed.NewReader(data[1:])
	*r = Record{}
	r.setFlags(in.Byte())
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
	r.Parent = in.Array16()
	r.Claim = Claim{Flight: in.Array16(), Until: in.Time()}
	r.Device = Device{UserAgent: in.String(), IP: in.String(), PublicKey: optional(in.Bytes())}
	r.CreatedAt = in.Time()
	r.LastSeenAt = in.Time()
	r.ExpiresAt = in.Time()
	r.RefreshExpiresAt = in.Time()
	r.Deadline = in.Time()
	r.EndedAt = in.Time()
	r.EndReason = EndReason(in.String())
	if err := in.End(); err != nil {
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
