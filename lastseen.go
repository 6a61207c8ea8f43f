package latchkey

import (
	"context"
	"sync"
	"time"
)

// lastSeen remembers when each session was last used, so that reading a session writes nothing to the store.
// It is flushed in batches. The shards keep requests of different sessions from waiting for one another.
type lastSeen struct {
	shards [256]seenShard // by the first byte of the id, which is random
}

type seenShard struct {
	mu sync.Mutex
	at map[ID]time.Time
}

func (l *lastSeen) mark(id ID, at time.Time) {
	s := &l.shards[id[0]]
	s.mu.Lock()
	if s.at == nil {
		s.at = make(map[ID]time.Time)
	}
	s.at[id] = at
	s.mu.Unlock()
}

func (l *lastSeen) of(id ID) time.Time {
	s := &l.shards[id[0]]
	s.mu.Lock()
	at := s.at[id]
	s.mu.Unlock()
	return at
}

// all copies what is there.
func (l *lastSeen) all() (seen []Seen) {
	for i := range l.shards {
		s := &l.shards[i]
		s.mu.Lock()
		for id, at := range s.at {
			seen = append(seen, Seen{id, at})
		}
		s.mu.Unlock()
	}
	return seen
}

// forget drops what has been stored, unless the session was used again meanwhile.
func (l *lastSeen) forget(stored []Seen) {
	for _, seen := range stored {
		s := &l.shards[seen.ID[0]]
		s.mu.Lock()
		if s.at[seen.ID].Equal(seen.At) {
			delete(s.at, seen.ID)
		}
		s.mu.Unlock()
	}
}

// flushLastSeen stores when sessions were last used. What cannot be stored is kept for the next time.
func (g *Guard) flushLastSeen(ctx context.Context) error {
	seen := g.lastSeen.all()
	if len(seen) == 0 {
		return nil
	}
	if err := g.store.Touch(ctx, seen); err != nil {
		return err
	}
	g.lastSeen.forget(seen)
	return nil
}
