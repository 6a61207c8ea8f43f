package latchkey

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/latchkey-dev/latchkey/internal/cookie"
	"github.com/latchkey-dev/latchkey/internal/throttle"
)

// loginAttempts counts the logins that fail.
type loginAttempts struct {
	*throttle.Logins
	browsers *knownBrowsers
	provider Provider
}

// A loginAttempt is one login, and how it is counted.
type loginAttempt struct {
	account digest16 // as the device cookie names it
	browser ID       // as well; zero if unknown
	counted throttle.Attempt
}

// of returns the attempt that a request makes. It is not counted yet: see throttle.Logins.Enter.
func (l *loginAttempts) of(h http.Header, loginID, ip string) loginAttempt {
	key, ambiguous := throttleKey(l.provider, loginID)
	a := loginAttempt{
		account: l.browsers.account(loginID),
		counted: throttle.Attempt{Account: l.browsers.account(key), Ambiguous: ambiguous, IP: ip},
	}
	if browser, known := l.browsers.find(h, a.account); known {
		a.browser, a.counted.Browser = browser, browser
	}
	return a
}

// throttleKey returns the spelling of a login id under which its failed logins are counted. It is
// ambiguous if the id as typed may be an account of its own at the provider.
func throttleKey(p Provider, loginID string) (key string, ambiguous bool) {
	c, ok := p.(LoginIDCanonicalizer)
	if !ok {
		return loginID, false
	}
	key = c.CanonicalLoginID(loginID)
	return key, throttle.FoldCase(key) != throttle.FoldCase(loginID)
}

// forget resets the count of failed logins to an account.
func (l *loginAttempts) forget(loginID string) {
	if key, ambiguous := throttleKey(l.provider, loginID); !ambiguous {
		l.Forget(l.browsers.account(key))
	}
}

// run runs a login. It counts as a failure only if the password or the code was wrong, or the
// provider's own limit is exceeded. It clears earlier failures only if the result proves the
// password. A login that still needs its code does not: otherwise anyone who knows the password
// could reset the count of guesses at the code. Nor does a locked account, because the provider may
// have responded before it checked the password.
func (l *loginAttempts) run(a loginAttempt, login func() (Grant, error)) (Grant, error) {
	grant, err := login()
	var e *ProviderError
	answered := err == nil || errors.As(err, &e)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		l.TimedOut(a.counted)
	case !answered:
		l.Withdraw(a.counted)
	case err == nil || provesPassword(e.Code):
		l.Succeeded(a.counted)
	// it stays
	case e.Code == CodeInvalidCredentials || e.Code == CodeInvalidCode || e.Code == CodeTooManyAttempts:
	default:
		l.Withdraw(a.counted)
	}
	return grant, err
}

// provesPassword reports whether a provider refuses with this code only those who know the
// password.
func provesPassword(code Code) bool {
	switch code {
	case CodeNotRegistered, CodeEmailNotVerified, CodePasswordChangeRequired, CodePasswordRefused:
		return true
	}
	return false
}

// A digest16 names an account or a user of an app.
type digest16 [16]byte

func digestOf(app, kind, id string) digest16 {
	sum := sha256.Sum256([]byte(kind + "\x00" + app + "\x00" + id))
	return digest16(sum[:16])
}

// knownBrowsers are those in which a user has logged in before. The device cookie says so, unless
// this node knows that the user's password has changed since.
type knownBrowsers struct {
	app       string
	now       func() time.Time
	cookies   *cookies
	passwords *passwordChanges
}

// account is the name of a login id in the cookie: the same for spellings that differ in case only.
// It is never that of two accounts, or the owner of one could have buckets of their own at the
// other.
func (b *knownBrowsers) account(loginID string) digest16 {
	return digestOf(b.app, "login id", throttle.FoldCase(loginID))
}

func (b *knownBrowsers) user(userID string) digest16 { return digestOf(b.app, "user", userID) }

// find returns the browser of a request, if it has logged in to the account before.
func (b *knownBrowsers) find(h http.Header, account digest16) (browser ID, known bool) {
	c, genuine := b.cookies.device.Parse(cookie.Value(h, cookie.DeviceName))
	known = genuine && c.Account == account && b.inTime(c) && !b.passwords.changedAfter(c.User, c.MintedAt)
	return c.Browser, known
}

// remember marks the browser as one in which a user has logged in to the account. A zero browser
// gets a name. What the browser can is true of all its users.
func (b *knownBrowsers) remember(w http.ResponseWriter, h http.Header, browser ID, account digest16, userID string) {
	if browser == (ID{}) {
		rand.Read(browser[:])
	}
	b.cookies.remember(w, cookie.Device{Browser: browser, Account: account, User: b.user(userID), MintedAt: b.now(), BoundBefore: b.couldBind(h)})
}

// renew keeps a browser known in which the user has logged in by other means than the form: after a
// new password, for example.
func (b *knownBrowsers) renew(w http.ResponseWriter, h http.Header, userID string) {
	c, genuine := b.cookies.device.Parse(cookie.Value(h, cookie.DeviceName))
	if genuine && c.User == b.user(userID) && b.inTime(c) {
		c.MintedAt = b.now()
		b.cookies.remember(w, c)
	}
}

// hasBound notes in a known browser that it can bind sessions to a key.
func (b *knownBrowsers) hasBound(w http.ResponseWriter, h http.Header, userID string) {
	c, genuine := b.cookies.device.Parse(cookie.Value(h, cookie.DeviceName))
	if genuine && c.User == b.user(userID) && !c.BoundBefore {
		c.BoundBefore = true
		b.cookies.remember(w, c)
	}
}

// couldBind reports whether a browser has bound a session before.
func (b *knownBrowsers) couldBind(h http.Header) bool {
	c, genuine := b.cookies.device.Parse(cookie.Value(h, cookie.DeviceName))
	return genuine && c.BoundBefore
}

// passwordChanged makes the user's browsers from before that time unknown.
func (b *knownBrowsers) passwordChanged(userID string, at time.Time) {
	b.passwords.note(b.user(userID), at)
}

func (b *knownBrowsers) inTime(c cookie.Device) bool {
	return b.now().Sub(c.MintedAt) < cookie.DeviceAge
}

// maxPasswordChanges bounds the memory of changes, to some 8 MB.
const maxPasswordChanges = 100_000

// passwordChanges are the password changes that this node knows, by user.
type passwordChanges struct {
	mu sync.Mutex
	at map[digest16]time.Time
}

func (p *passwordChanges) note(user digest16, at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if at = at.Truncate(time.Millisecond); !at.After(p.at[user]) {
		return
	}
	p.makeRoom(user, at.Add(-cookie.DeviceAge))
	p.at[user] = at
}

// changedAfter reports whether a user's password changed after t, a time in whole milliseconds.
func (p *passwordChanges) changedAfter(user digest16, t time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.at[user].After(t)
}

// makeRoom forgets the oldest of a few changes. Those before a time outlived the cookies that they
// are about.
func (p *passwordChanges) makeRoom(newcomer digest16, outlived time.Time) {
	if p.at == nil {
		p.at = make(map[digest16]time.Time)
	}
	if _, there := p.at[newcomer]; there || len(p.at) < maxPasswordChanges {
		return
	}
	var oldest digest16
	looked := 0
	for user, at := range p.at { // Go begins anywhere
		if looked == 0 || at.Before(p.at[oldest]) {
			oldest = user
		}
		if looked++; looked == 16 || at.Before(outlived) {
			break
		}
	}
	delete(p.at, oldest)
}
