package latchkey

import (
	"context"
	"sync"
	"time"
)

const (
	onceEvery = time.Minute
	maxOnce   = 10_000 // that are remembered
)

// onceEach remembers what was reported within onceEvery, so that whoever can cause a report cannot
// fill the log with it.
type onceEach[K comparable] struct {
	mu sync.Mutex
	at map[K]time.Time
}

// first reports whether k was not reported for a while.
func (o *onceEach[K]) first(k K, now time.Time) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if at, known := o.at[k]; known && now.Sub(at).Abs() < onceEvery {
		return false
	}
	if o.at == nil || len(o.at) >= maxOnce {
		o.at = make(map[K]time.Time)
	}
	o.at[k] = now
	return true
}

// tellStale tells of cookies of the past, once a minute for a session.
func (g *Guard) tellStale(ctx context.Context, rec *Record, p presented) {
	if g.stale.first(rec.ID, g.now()) {
		g.emit(ctx, suspicion(EventStale, rec, p))
	}
}
