package latchkey

import (
	"context"
	"errors"
	"sync"
	"time"
)

// ends are the tombstones that this node has written or read within one cap. A store that loses its newest writes,
// a replica that took over for instance, must not bring an ended session back (rule 5).
type ends struct {
	shards [256]endShard // by the first byte of the id
}

type endShard struct {
	mu         sync.RWMutex
	tombstones map[ID]*Record
}

func (e *ends) note(tombstone *Record) {
	s := &e.shards[tombstone.ID[0]]
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tombstones == nil {
		s.tombstones = make(map[ID]*Record)
	}
	s.tombstones[tombstone.ID] = tombstone
}

// of returns the tombstone of a session, or nil.
func (e *ends) of(id ID) *Record {
	s := &e.shards[id[0]]
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.tombstones[id]
}

// forget drops the ends before t: by then every session id that was alive has expired.
func (e *ends) forget(t time.Time) {
	for i := range e.shards {
		s := &e.shards[i]
		s.mu.Lock()
		for id, tombstone := range s.tombstones {
			if tombstone.EndedAt.Before(t) {
				delete(s.tombstones, id)
			}
		}
		s.mu.Unlock()
	}
}

// read returns the record of a session from the store. An end that this node knows and the store has lost is written again.
func (g *Guard) read(ctx context.Context, id ID) (*Record, error) {
	rec, err := g.store.Get(ctx, id)
	tombstone := g.ends.of(id)
	switch {
	case tombstone == nil || err == nil && rec.ended():
		return rec, err
	case errors.Is(err, ErrNotFound):
		err = g.store.Create(ctx, tombstone)
	case err == nil:
		again := *tombstone
		again.Version = rec.Version + 1
		err = g.store.Swap(ctx, &again)
	}
	if err != nil && !errors.Is(err, ErrConflict) { // not needed for the answer, and tried again with the next request
		g.log.WarnContext(ctx, "an end that the store has lost cannot be written again", "app", g.app, "session", id, "error", err)
	}
	return tombstone, nil
}
