package main

import (
	"math/rand/v2"
	"net/http"
	"sync"
)

// endedSessions must never be served again: a logout, or a login over them, has been answered.
type endedSessions struct {
	mu  sync.Mutex
	all []endedSession
}

// An endedSession has every pair of cookies that the browser was ever sent for it, including those
// that did not arrive.
type endedSession struct {
	app    string
	copies [][]*http.Cookie
}

func (e *endedSessions) add(one endedSession) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.all = append(e.all, one)
}

// sample returns the newest ones, and as many of any age.
func (e *endedSessions) sample(n int) []endedSession {
	e.mu.Lock()
	defer e.mu.Unlock()
	some := append([]endedSession(nil), e.all[max(0, len(e.all)-n):]...)
	for range min(n, len(e.all)) {
		some = append(some, e.all[rand.IntN(len(e.all))])
	}
	return some
}

// replayAfterEachStart replays copies of ended sessions in every life of the demo.
func (c *crash) replayAfterEachStart() {
	for l := c.alive(); l != nil; l = l.next {
		for _, s := range c.ended.sample(20) {
			pair := s.copies[rand.IntN(len(s.copies))]
			c.replay(l, s.app, [][]*http.Cookie{pair, pair[:1], pair[1:]}[rand.IntN(3)])
		}
		select {
		case <-l.reborn:
		case <-c.enough:
			return
		case <-c.over:
			return
		}
	}
}

// replayAll sends every copy: both cookies, and each alone.
func (c *crash) replayAll() {
	for _, s := range c.ended.all {
		for _, pair := range s.copies {
			for _, cookies := range [][]*http.Cookie{pair, pair[:1], pair[1:]} {
				c.replay(c.newest.Load(), s.app, cookies)
			}
		}
	}
}

// replay sends the cookies of an ended session. They must be refused, whatever has happened since.
func (c *crash) replay(l *life, app string, cookies []*http.Cookie) {
	if isClosed(l.doomed) || c.isOver() {
		return
	}
	path := map[string]string{"store": "/api/load-shopping-cart", "forums": "/api/load-posts"}[app]
	a, err := c.exchange(l, app, "GET", path, "", cookies)
	switch {
	case err != nil && !isClosed(l.doomed):
		c.violated("replay: nobody has killed the server, and yet: %v", err)
	case err != nil:
		c.tally.broken.Add(1)
	case a.status == http.StatusServiceUnavailable:
		c.tally.unavailable.Add(1)
	case a.status != http.StatusUnauthorized || len(a.cookies) > 0:
		c.violated("an ended session of the %s came back: %d, cookies %s: %s", app, a.status, tails(a.cookies), a.body)
	default:
		c.tally.replays.Add(1)
	}
}
