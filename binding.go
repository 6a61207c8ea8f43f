package latchkey

import (
	"errors"
	"time"

	"github.com/latchkey-dev/latchkey/dbsc"
)

// A Binding is the key of the browser to which a session belongs (W3C, "Device Bound Session
// Credentials"). It does not change.
type Binding struct {
	Key     [64]byte  // the public key: X and Y of a point of P-256
	BoundAt time.Time // when the browser first proved it after the registration; zero: not yet

	digest [32]byte // see thumbprint; zero in a Binding that was not read by this package
}

var errNoKey = errors.New("not the key of a browser: want X and Y of a point of P-256")

// newBinding returns nil for no key.
func newBinding(key []byte, boundAt time.Time) (*Binding, error) {
	if len(key) == 0 && boundAt.IsZero() {
		return nil, nil
	}
	public, err := dbsc.ParseKey(key)
	if err != nil || public.Algorithm() != dbsc.ES256 {
		return nil, errNoKey
	}
	return &Binding{Key: [64]byte(key), BoundAt: boundAt, digest: public.Thumbprint()}, nil
}

// thumbprint names the key (RFC 7638).
func (b *Binding) thumbprint() [32]byte {
	if b.digest != [32]byte{} {
		return b.digest
	}
	public, err := dbsc.ParseKey(b.Key[:])
	if err != nil {
		return [32]byte{} // no key has it
	}
	return public.Thumbprint()
}

func (b *Binding) key() []byte {
	if b == nil {
		return nil
	}
	return b.Key[:]
}

func (b *Binding) boundAt() time.Time {
	if b == nil {
		return time.Time{}
	}
	return b.BoundAt
}

// at returns the binding with another BoundAt.
func (b *Binding) at(boundAt time.Time) *Binding {
	if b == nil || b.BoundAt.Equal(boundAt) {
		return b
	}
	changed := *b
	changed.BoundAt = boundAt
	return &changed
}

// DeviceBinding is what a guard does about Device Bound Session Credentials.
type DeviceBinding string

// The modes of device binding. A rolling upgrade from a version without it runs all nodes with
// DeviceBindingOff first: a node of that version cannot serve bound sessions.
const (
	// DeviceBindingOff binds no new session and refuses nothing. Sessions that are bound keep their
	// keys.
	DeviceBindingOff DeviceBinding = "off"
	// DeviceBindingWatch binds sessions, reports what DeviceBindingOn would refuse, and refuses
	// nothing.
	DeviceBindingWatch DeviceBinding = "watch"
	// DeviceBindingOn binds sessions where the browser can, and serves a bound one only with a
	// proof of its key. This is the default.
	DeviceBindingOn DeviceBinding = "on"
	// DeviceBindingRequire is DeviceBindingOn, and ends sessions that are not bound two minutes
	// after their login.
	DeviceBindingRequire DeviceBinding = "require"
)

func (m DeviceBinding) offers() bool   { return m != DeviceBindingOff }
func (m DeviceBinding) enforces() bool { return m == DeviceBindingOn || m == DeviceBindingRequire }
