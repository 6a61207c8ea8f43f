package latchkey

import (
	"context"
	"slices"
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
	at map[ID]int64 // in nanoseconds since 1970: a time.Time takes three times as much
}

func (l *lastSeen) mark(id ID, at time.Time) {
	s := &l.shards[id[0]]
	s.mu.Lock()
	if s.at == nil {
		s.at = make(map[ID]int64)
	}
	s.at[id] = at.UnixNano()
	s.mu.Unlock()
}

func (l *lastSeen) of(id ID) time.Time {
	s := &l.shards[id[0]]
	s.mu.Lock()
	at, ok := s.at[id]
	s.mu.Unlock()
	if !ok {
		return time.Time{}
	}
	return time.Unix(0, at)
}

// all copies what is there.
func (l *lastSeen) all() (seen []Seen) {
	for i := range l.shards {
		s := &l.shards[i]
		s.mu.Lock()
		for id, at := range s.at {
			seen = append(seen, Seen{id, time.Unix(0, at)})
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
		if s.at[seen.ID] == seen.At.UnixNano() {
			delete(s.at, seen.ID)
		}
		s.mu.Unlock()
	}
}

// touchBatch bounds the sessions in one call of Store.Touch, so that no call is long, however many
// sessions are in use.
const touchBatch = 1000

// flush stores when sessions were last used, with Store.Touch. What cannot be stored is kept for the next time.
func (l *lastSeen) flush(ctx context.Context, touch func(context.Context, []Seen) error) error {
	for batch := range slices.Chunk(l.all(), touchBatch) {
		if err := touch(ctx, batch); err != nil {
			return err
		}
		l.forget(batch)
	}
	return nil
}
