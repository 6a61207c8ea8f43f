package latchkey

import (
	"encoding/base64"
	"net/http"
	"strings"
	"time"

	"github.com/latchkey-dev/latchkey/internal/packed"
)

// The cookies' names. The prefix makes browsers refuse them without Secure, with a Domain or with another path (RFC 6265bis, section 4.1.3.2).
const (
	sessionCookieName = "__Host-session"
	refreshCookieName = "__Host-refresh"
)

// maxCookie is what a browser stores of name and value together; maxCookieAge what it keeps (RFC 6265bis, section 5).
const (
	maxCookie    = 4096
	maxCookieAge = 400 * 24 * time.Hour
)

// A mark is what both cookies say: which session, which generation of it, which branch, and when they were minted.
type mark struct {
	id         ID
	generation uint32
	branch     branch
	mintedAt   time.Time // whole milliseconds
}

func (m mark) same(o mark) bool {
	return m.id == o.id && m.generation == o.generation && m.branch == o.branch
}

// cookieValue returns the value of a cookie. A name that comes twice counts as absent: which of the two
// is ours cannot be told (CKE-08). http.Request.Cookie would allocate, and take the first.
func cookieValue(h http.Header, name string) string {
	found, n := "", 0
	eachCookie(h, name, func(value string) { found, n = value, n+1 })
	if n != 1 {
		return ""
	}
	return found
}

// cookieValues returns all values that came under a name.
func cookieValues(h http.Header, name string) (values []string) {
	eachCookie(h, name, func(value string) { values = append(values, value) })
	return values
}

func eachCookie(h http.Header, name string, visit func(value string)) {
	for _, line := range h["Cookie"] {
		for line != "" {
			var pair string
			pair, line, _ = strings.Cut(line, ";")
			for pair != "" && (pair[0] == ' ' || pair[0] == '\t') { // strings.TrimLeft would cost more than all the rest
				pair = pair[1:]
			}
			if rest, ours := strings.CutPrefix(pair, name); ours && (rest == "" || rest[0] == '=') {
				visit(strings.TrimRight(strings.TrimPrefix(rest, "="), " \t"))
			}
		}
	}
}

// hasOurCookie tells whether the request carries a cookie of ours at all, good or bad.
func hasOurCookie(h http.Header) bool {
	for _, line := range h["Cookie"] {
		if strings.Contains(line, sessionCookieName+"=") || strings.Contains(line, refreshCookieName+"=") {
			return true
		}
	}
	return false
}

var cookieEncoding = base64.RawURLEncoding.Strict()

// cookies makes and reads the cookies of one app.
type cookies struct {
	session  *sessionMAC
	refresh  *refreshSealer
	device   *deviceSealer
	sameSite http.SameSite
}

// A minted pair of cookies, ready to be written.
type cookiePair struct {
	session, refresh string
	maxAge           time.Duration // of the refresh cookie; 0: it ends with the browser
}

// make mints the pair for the record's generation and the branch b. The refresh cookie keeps the fields of the last one that this
// program does not know.
func (c *cookies) make(rec *Record, b branch, token Secret, unknown packed.Unknown, now time.Time) (*cookiePair, error) {
	m := mark{id: rec.ID, generation: rec.Generation, branch: b, mintedAt: now}
	pair := &cookiePair{session: c.session.format(m), refresh: c.refresh.format(refreshContent{
		mark: m, userID: rec.User.ID, authenticatedAt: rec.AuthenticatedAt, authMethods: rec.AuthMethods,
		createdAt: rec.CreatedAt, deadline: rec.Deadline, unknown: unknown,
		token: token, tokenID: rec.RefreshTokenID, publicKey: rec.Device.PublicKey, persistent: rec.Persistent,
	})}
	if len(refreshCookieName)+len(pair.refresh) > maxCookie {
		return nil, errCookieTooLarge
	}
	if rec.Persistent {
		pair.maxAge = min(rec.RefreshExpiresAt.Sub(now), maxCookieAge)
	}
	return pair, nil
}

func (c *cookies) set(w http.ResponseWriter, pair *cookiePair) {
	c.write(w, sessionCookieName, pair.session, 0)
	c.write(w, refreshCookieName, pair.refresh, int(pair.maxAge/time.Second))
}

// remember sets the device cookie.
func (c *cookies) remember(w http.ResponseWriter, device deviceContent) {
	c.write(w, deviceCookieName, c.device.format(device), int(deviceCookieAge/time.Second))
}

func (c *cookies) clear(w http.ResponseWriter) {
	c.write(w, sessionCookieName, "", -1)
	c.write(w, refreshCookieName, "", -1)
}

// write sets one cookie. maxAge is in seconds as in http.Cookie: 0 leaves it out, negative deletes.
func (c *cookies) write(w http.ResponseWriter, name, value string, maxAge int) {
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: maxAge,
		Secure: true, HttpOnly: true, SameSite: c.sameSite,
	})
}

// unknownKey returns the id of a key that one of the cookies names and this node does not have.
func (c *cookies) unknownKey(session, refresh string) (id uint32, unknown bool) {
	if id, unknown = c.session.unknownKey(session); unknown {
		return id, true
	}
	return c.refresh.unknownKey(refresh)
}
