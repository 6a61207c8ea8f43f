package latchkey

import (
	"context"
	"sync"
	"time"
)

const (
	staleEvery = time.Minute
	maxStale   = 10_000 // sessions that are remembered
)

// toldOnce remembers of which sessions it was told within staleEvery, so that whoever has old cookies cannot fill the log with them.
type toldOnce struct {
	mu sync.Mutex
	at map[ID]time.Time
}

// first reports whether it was not told of the session for a while.
func (o *toldOnce) first(id ID, now time.Time) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if at, known := o.at[id]; known && now.Sub(at).Abs() < staleEvery {
		return false
	}
	if o.at == nil || len(o.at) >= maxStale {
		o.at = make(map[ID]time.Time)
	}
	o.at[id] = now
	return true
}

// tellStale tells of cookies of the past, once a minute for a session.
func (g *Guard) tellStale(ctx context.Context, rec *Record, p presented) {
	if g.stale.first(rec.ID, g.now()) {
		g.emit(ctx, suspicion(EventStale, rec, p))
	}
}
