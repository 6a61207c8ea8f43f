package cookie

import (
	"time"

	"github.com/latchkey-dev/latchkey/internal/packed"
)

// The device cookie says that this browser has logged in to one account before (OWASP, "Slow Down
// Online Guessing Attacks with Device Cookies"). It grants nothing but a bucket of its own for
// login attempts, and outlives a logout. In base64url: a random name of the browser (16 bytes), and
// what is sealed for that name. Nobody can read who the account is.
//
// The version is 1, or 2 if a session was bound in this browser. A program that knows only version
// 1 does not know such a browser.
const (
	DeviceAge = 180 * 24 * time.Hour

	deviceVersion      = 1
	boundDeviceVersion = 2

	deviceSize = idSize + sealOverhead + 1 + 2*16 + 8
)

// A Device is what a device cookie says. The names are digests.
type Device struct {
	Browser     [16]byte
	Account     [16]byte // of the login id
	User        [16]byte // of the user's id
	MintedAt    time.Time
	BoundBefore bool // the browser has bound a session
}

// Devices makes and reads device cookies.
type Devices struct{ sealer Sealer }

// NewDevices binds the cookies to the app and its host.
func NewDevices(keys Keys, app, host string) *Devices {
	return &Devices{Sealer{Keys: keys, Purpose: "device cookie", Scope: []string{app, host, DeviceName}}}
}

// Format returns the device cookie that says c.
func (s *Devices) Format(c Device) string {
	plain := []byte{deviceVersion}
	if c.BoundBefore {
		plain[0] = boundDeviceVersion
	}
	plain = append(plain, c.Account[:]...)
	plain = append(plain, c.User[:]...)
	plain = packed.AppendTime(plain, c.MintedAt)
	return Encoding.EncodeToString(append(c.Browser[:], s.sealer.Seal(c.Browser, plain)...))
}

// Parse returns the content of a genuine cookie, however old.
func (s *Devices) Parse(value string) (Device, bool) {
	if len(value) != Encoding.EncodedLen(deviceSize) {
		return Device{}, false
	}
	raw, err := Encoding.DecodeString(value)
	if err != nil {
		return Device{}, false
	}
	browser := [16]byte(raw[:idSize])
	plain, err := s.sealer.Open(browser, raw[len(browser):])
	if err != nil {
		return Device{}, false
	}
	in := packed.NewReader(plain)
	version := in.Byte()
	if version != deviceVersion && version != boundDeviceVersion {
		return Device{}, false
	}
	c := Device{Browser: browser, Account: in.Array16(), User: in.Array16(), MintedAt: in.Time(), BoundBefore: version == boundDeviceVersion}
	return c, in.End() == nil
}
