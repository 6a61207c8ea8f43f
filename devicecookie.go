package latchkey

import (
	"crypto/rand"
	"crypto/sha256"
	"net/http"
	"time"

	"github.com/latchkey-dev/latchkey/internal/packed"
	"github.com/latchkey-dev/latchkey/internal/throttle"
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

// accountOf is the name of a login id in the cookie: the same for spellings that differ in case only. It is never that of two accounts, or whoever owns one of them could
// have buckets of their own at the other.
func (g *Guard) accountOf(loginID string) digest16 {
	return digestOf(g.app, "login id", throttle.FoldCase(loginID))
}

func (g *Guard) userOf(userID string) digest16 { return digestOf(g.app, "user", userID) }

// knownBrowser returns the device cookie of a request, if it says that the browser has logged in to the account: within its time, and, as far as this node knows, with the password
// that is in force.
func (g *Guard) knownBrowser(h http.Header, account digest16, now time.Time) (deviceContent, bool) {
	c, genuine := g.cookies.device.parse(cookieValue(h, deviceCookieName))
	known := genuine && c.account == account && now.Sub(c.mintedAt) < deviceCookieAge && !g.passwords.changedAfter(c.user, c.mintedAt)
	return c, known
}

// rememberBrowser marks the browser as one in which a user has logged in with this login id.
func (g *Guard) rememberBrowser(w http.ResponseWriter, a loginAttempt, userID string) {
	c := deviceContent{browser: a.browser, account: a.account, user: g.userOf(userID), mintedAt: g.now()}
	if c.browser == (ID{}) {
		rand.Read(c.browser[:])
	}
	g.cookies.remember(w, c)
}

// renewBrowser keeps a browser known in which the user has logged in by other means than the form: after a new password, for example.
func (g *Guard) renewBrowser(w http.ResponseWriter, h http.Header, userID string) {
	c, genuine := g.cookies.device.parse(cookieValue(h, deviceCookieName))
	if now := g.now(); genuine && c.user == g.userOf(userID) && now.Sub(c.mintedAt) < deviceCookieAge {
		c.mintedAt = now
		g.cookies.remember(w, c)
	}
}
