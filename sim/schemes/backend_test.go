package schemes

import (
	"fmt"
	"sync"
	"testing"
	"time"
)

// A rotation is one login in a published scheme: the state of its refresh tokens, which are numbers
// here. The first is 0.
type rotation interface {
	// refresh says what a token is worth, and which one is returned.
	refresh(token int, now time.Time) (next int, v verdict)
	// serves records that the session cookie that came with a token is used, and reports whether it
	// is still valid.
	serves(token int) bool
}

type verdict int

const (
	granted verdict = iota
	refused         // this token is invalid; the others are not affected
	theft           // the whole login is revoked
)

// backend is an app whose provider follows a rotation. It is as good as such an app can be: the
// provider decides one request at a time, a revoked login or session cookie is refused immediately
// even if the cookie is young, and a failed call changes nothing.
type backend struct {
	outside *outside
	begin   func() rotation

	mu     sync.Mutex
	logins []*login
}

type login struct {
	rotation rotation
	over     bool
	access   []access
}

// access is a session cookie, and the refresh token that it came with.
type access struct {
	token            int
	mintedAt, usedAt time.Time
}

func modelled(begin func() rotation) func(*testing.T, *outside) Scheme {
	return func(_ *testing.T, o *outside) Scheme { return &backend{outside: o, begin: begin} }
}

func (b *backend) Login() Jar {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.logins = append(b.logins, &login{rotation: b.begin()})
	return b.mint(len(b.logins)-1, 0)
}

// mint makes cookies for a refresh token.
func (b *backend) mint(id, token int) Jar {
	l, now := b.logins[id], time.Now()
	l.access = append(l.access, access{token, now, now})
	return Jar{Session: fmt.Sprint(id, " ", len(l.access)-1), Refresh: fmt.Sprint(id, " ", token)}
}

// find returns the login of a cookie, and the number in it.
func (b *backend) find(cookie string) (id, n int, found bool) {
	fields, _ := fmt.Sscan(cookie, &id, &n)
	return id, n, fields == 2
}

func (b *backend) Request(_ int, jar Jar) Reply {
	switch {
	case b.outside.storeDown.Load():
		return Reply{}
	case b.serves(jar.Session):
		return Reply{Served: true}
	}
	time.Sleep(providerWay)
	if b.outside.providerDown.Load() {
		return Reply{}
	}
	reply := b.refresh(jar.Refresh)
	time.Sleep(providerWay)
	if b.outside.answersLost.Load() {
		return Reply{}
	}
	return reply
}

func (b *backend) serves(session string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	id, n, found := b.find(session)
	if !found || b.logins[id].over {
		return false
	}
	a, now := &b.logins[id].access[n], time.Now()
	if now.Sub(a.mintedAt) >= accessCap || now.Sub(a.usedAt) >= accessIdle || !b.logins[id].rotation.serves(a.token) {
		return false
	}
	a.usedAt = now
	return true
}

func (b *backend) refresh(cookie string) Reply {
	b.mu.Lock()
	defer b.mu.Unlock()
	id, token, found := b.find(cookie)
	if !found || b.logins[id].over {
		return Reply{Ended: true}
	}
	next, v := b.logins[id].rotation.refresh(token, time.Now())
	if v != granted {
		b.logins[id].over = v == theft
		return Reply{Ended: true}
	}
	return Reply{Served: true, Set: b.mint(id, next)}
}

func (b *backend) Logout(jar Jar) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, cookie := range []string{jar.Session, jar.Refresh} {
		if id, _, found := b.find(cookie); found {
			b.logins[id].over = true
		}
	}
}
