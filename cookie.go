package latchkey

import (
	"crypto/subtle"
	"errors"
	"net/http"
	"time"

	"github.com/latchkey-dev/latchkey/internal/cookie"
	"github.com/latchkey-dev/latchkey/internal/packed"
	"github.com/latchkey-dev/latchkey/internal/rotation"
	"github.com/latchkey-dev/latchkey/internal/wire"
)

var errCookieTooLarge = errors.New("the refresh cookie would be over 4096 bytes: the provider's refresh token is too long")

// cookies makes and reads the cookies of one app.
type cookies struct {
	session      *cookie.Sessions
	refresh      *cookie.Refreshes
	device       *cookie.Devices
	bound        *cookie.BoundCookies
	identifiers  *cookie.SessionIdentifiers
	registration *cookie.RegistrationChallenges
	proof        *cookie.RefreshChallenges
	sameSite     http.SameSite
}

// A minted pair of cookies, ready to be written.
type cookiePair struct {
	session, refresh string
	maxAge           time.Duration // of the refresh cookie; 0: a cookie that ends with the browser
}

// make mints the pair for the record's generation and the branch b. The refresh cookie keeps the
// fields of the last one that this program does not know.
func (c *cookies) make(rec *Record, b cookie.Branch, token Secret, unknown packed.Unknown, now time.Time) (*cookiePair, error) {
	return c.format(rec, cookie.Content{
		Mark:   cookie.Mark{ID: rec.ID, Generation: rec.Generation, Branch: b, MintedAt: now},
		UserID: rec.User.ID, AuthenticatedAt: rec.AuthenticatedAt, AuthMethods: rec.AuthMethods,
		CreatedAt: rec.CreatedAt, Deadline: rec.Deadline, Unknown: unknown,
		Token: cookie.Token(token), TokenID: rec.RefreshTokenID, Persistent: rec.Persistent,
	}, now)
}

// format makes the pair that says what the refresh cookie says. It is keyed if the session is
// bound.
func (c *cookies) format(rec *Record, content cookie.Content, now time.Time) (*cookiePair, error) {
	if content.BoundAt = rec.Binding.boundAt(); !content.BoundAt.IsZero() {
		content.PublicKey, content.Keyed = rec.Binding.key(), true
	}
	pair := &cookiePair{session: c.session.Format(content.Mark), refresh: c.refresh.Format(content)}
	if len(cookie.RefreshName)+len(pair.refresh) > cookie.MaxSize {
		return nil, errCookieTooLarge
	}
	if rec.Persistent {
		pair.maxAge = min(rec.RefreshExpiresAt.Sub(now), cookie.MaxAge)
	}
	return pair, nil
}

func (c *cookies) set(w http.ResponseWriter, pair *cookiePair) {
	c.write(w, cookie.SessionName, pair.session, 0)
	c.write(w, cookie.RefreshName, pair.refresh, int(pair.maxAge/time.Second))
}

// renew sets the new cookies of a request that is served, and reports whether there are any.
func (c *cookies) renew(w http.ResponseWriter, found *authOutcome) bool {
	if found.cookies != nil {
		c.set(w, found.cookies)
	}
	c.change(w, found.again)
	return found.cookies != nil || found.again != nil
}

// remember sets the device cookie.
func (c *cookies) remember(w http.ResponseWriter, device cookie.Device) {
	c.write(w, cookie.DeviceName, c.device.Format(device), int(cookie.DeviceAge/time.Second))
}

// clear deletes the cookies of a session at its logout. Other ends leave the bound cookie alone: it
// may be that of a newer login by then.
func (c *cookies) clear(w http.ResponseWriter) {
	c.write(w, cookie.SessionName, "", -1)
	c.write(w, cookie.RefreshName, "", -1)
	c.write(w, cookie.BoundName, "", -1)
}

// write sets one cookie. maxAge is in seconds as in http.Cookie: 0 leaves it out, negative deletes.
func (c *cookies) write(w http.ResponseWriter, name, value string, maxAge int) {
	http.SetCookie(w, c.of(name, value, maxAge))
}

func (c *cookies) of(name, value string, maxAge int) *http.Cookie {
	return &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: maxAge,
		Secure: true, HttpOnly: true, SameSite: c.sameSite,
	}
}

// unknownKey returns the id of a key that one of the cookies names and this node does not have.
func (c *cookies) unknownKey(session, refresh string) (id uint32, unknown bool) {
	if id, unknown = c.session.UnknownKey(session); unknown {
		return id, true
	}
	return c.refresh.UnknownKey(refresh)
}

// A request shows what the browser had when it was sent, and it may have been in flight for longer
// than any window. If more must be known, the guard sends a challenge: a 307 to the same URL, with
// a cookie that names the branch. An honest browser comes back with the cookies that it has by now.
// A client that comes back with the same cookies and this echo of them has no others: either the
// browser kept this branch (rule 2) or, if it is stale, it was stolen (rule 6).
//
// The echo is no secret to anyone who has the cookie that it is about, and useless to anyone else.
// It ends with the browser.
const echoCookieName = "__Host-echo"

// echo is the cookie's value: the question, and the branch that it is about. The answer to one
// question does not count for the other: a late request may have the echo of a branch that was kept
// then, and is stale now.
func echo(q rotation.Question, b cookie.Branch) string {
	d := b.Digest()
	return string(rune(q)) + cookie.Encoding.EncodeToString(d[:])
}

// answered returns the question about the branch that the request answers; 0 if none.
func answered(h http.Header, b cookie.Branch) rotation.Question {
	got := cookie.Value(h, echoCookieName)
	for _, q := range [...]rotation.Question{rotation.WhetherKept, rotation.WhetherStale} {
		if got != "" && subtle.ConstantTimeCompare([]byte(got), []byte(echo(q, b))) == 1 {
			return q
		}
	}
	return 0
}

// A cookieChange sets or deletes one cookie; see write.
type cookieChange struct {
	name, value string
	maxAge      int // in seconds
}

// change makes a change, if there is one.
func (c *cookies) change(w http.ResponseWriter, change *cookieChange) {
	if change != nil {
		c.write(w, change.name, change.value, change.maxAge)
	}
}

// challenge sends the challenge. Its Location is relative to the URL that the browser sees, because
// a proxy may have stripped part of the path.
func (c *cookies) challenge(w http.ResponseWriter, r *http.Request, again *cookieChange) {
	c.change(w, again)
	wire.NoStore(w)
	w.Header().Set("Location", "?"+r.URL.RawQuery)
	// with the same method and body (RFC 9110, section 15.4.8)
	w.WriteHeader(http.StatusTemporaryRedirect)
}
