package latchkey

import (
	"sync"
	"time"
)

// maxPasswordChanges bounds the memory of changes, to some 8 MB.
const maxPasswordChanges = 100_000

// passwordChanges remembers whose password changed when, as far as this node heard of it: a device cookie from before is not honored.
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
	p.makeRoom(user, at.Add(-deviceCookieAge))
	p.at[user] = at
}

// changedAfter tells whether a user's password changed after t, a time in whole milliseconds.
func (p *passwordChanges) changedAfter(user digest16, t time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.at[user].After(t)
}

// makeRoom forgets the oldest of a few changes; those before a time outlived the cookies that they are about.
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
