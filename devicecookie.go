package latchkey

import (
	"crypto/sha256"
	"time"

	"github.com/latchkey-dev/latchkey/internal/packed"
)

// The device cookie says that this browser has logged in to one account before (OWASP, "Slow Down Online Guessing Attacks with Device Cookies"). It grants nothing but a bucket
// of its own for login attempts, and outlives a logout.
// In base64url: a random name of the browser (16 bytes), and what is sealed for that name. Who the account is can be read by nobody.
const (
	deviceCookieName    = "__Host-device"
	deviceCookieAge     = 180 * 24 * time.Hour
	deviceCookieVersion = 1
	deviceCookieSize    = len(ID{}) + sealOverhead + 1 + 2*len(digest16{}) + 8
)

type deviceContent struct {
	browser  ID
	account  digest16 // of the login id
	user     digest16 // of the user's id
	mintedAt time.Time
}

type deviceSealer struct{ sealer }

func newDeviceSealer(ring KeyRing, app, host string) *deviceSealer {
	return &deviceSealer{sealer{ring: ring, purpose: "device cookie", scope: []string{app, host, deviceCookieName}}}
}

func (s *deviceSealer) format(c deviceContent) string {
	plain := append([]byte{deviceCookieVersion}, c.account[:]...)
	plain = append(plain, c.user[:]...)
	plain = packed.AppendTime(plain, c.mintedAt)
	return cookieEncoding.EncodeToString(append(c.browser[:], s.seal(c.browser, plain)...))
}

// parse returns the content of a genuine cookie, however old.
func (s *deviceSealer) parse(value string) (deviceContent, bool) {
	if len(value) != cookieEncoding.EncodedLen(deviceCookieSize) {
		return deviceContent{}, false
	}
	raw, err := cookieEncoding.DecodeString(value)
	if err != nil {
		return deviceContent{}, false
	}
	browser := ID(raw[:len(ID{})])
	plain, err := s.open(browser, raw[len(browser):])
	if err != nil {
		return deviceContent{}, false
	}
	in := packed.NewReader(plain)
	if in.Byte() != deviceCookieVersion {
		return deviceContent{}, false
	}
	c := deviceContent{browser: browser, account: in.Array16(), user: in.Array16(), mintedAt: in.Time()}
	return c, in.End() == nil
}

// A digest16 names an account or a user of an app.
type digest16 [16]byte

func digestOf(app, kind, id string) digest16 {
	sum := sha256.Sum256([]byte(kind + "\x00" + app + "\x00" + id))
	return digest16(sum[:16])
}
