package latchkey

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"
)

// ends are the tombstones that this node has written or read within one cap. A store that loses its newest writes,
// a replica that took over for instance, must not bring an ended session back (rule 5).
type ends struct {
	shards [256]endShard // by the first byte of the id
	owed   owed
	doubts doubts
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

// forget drops the ends before t: by then every session id that was alive has expired. It keeps those
// that the store may not have.
func (e *ends) forget(t time.Time) {
	for i := range e.shards {
		s := &e.shards[i]
		s.mu.Lock()
		for id, tombstone := range s.tombstones {
			if tombstone.EndedAt.Before(t) && !e.owed.has(id) {
				delete(s.tombstones, id)
			}
		}
		s.mu.Unlock()
	}
}

// all returns the tombstones, in no order.
func (e *ends) all() []*Record {
	var all []*Record
	for i := range e.shards {
		s := &e.shards[i]
		s.mu.RLock()
		all = slices.AppendSeq(all, maps.Values(s.tombstones))
		s.mu.RUnlock()
	}
	return all
}

// read returns the record of a session from the store. An end that this node knows and the store has not is written again.
func (g *Guard) read(ctx context.Context, id ID) (*Record, error) {
	rec, err := g.readTombstone(ctx, id)
	if err == nil && rec.ended() || err != nil && !errors.Is(err, ErrNotFound) {
		return rec, err
	}
	if err := g.learnCutoff(ctx); err != nil { // after the session: what ends all meanwhile counts
		return nil, err
	}
	return rec, err
}

// readTombstone is read for what the cutoff does not end.
func (g *Guard) readTombstone(ctx context.Context, id ID) (*Record, error) {
	rec, err := g.store.Get(ctx, id)
	tombstone := g.ends.of(id)
	if tombstone == nil || err == nil && rec.ended() {
		return rec, err
	}
	restored, err := g.restore(ctx, tombstone, rec, err)
	switch {
	case err == nil:
		g.ends.owed.add(restored, true) // what came to life meanwhile may have a refresh token of its own
		g.wake()
	case !errors.Is(err, ErrConflict): // the answer is known, and the next request tries again
		g.log.WarnContext(ctx, "an end that the store has not cannot be written", "app", g.app, "session", id, "error", err)
	}
	return tombstone, nil
}

// restore writes a tombstone over what Get has returned, and returns the one that is stored then.
func (g *Guard) restore(ctx context.Context, tombstone, rec *Record, err error) (*Record, error) {
	switch {
	case errors.Is(err, ErrNotFound):
		return tombstone, g.store.Create(ctx, tombstone)
	case err != nil:
		return nil, err
	case g.ofUser(ctx, rec, tombstone.User.ID) != nil:
		return nil, errForeignRecord
	case rec.ended() && (tombstone.Unrevoked || !rec.Unrevoked || rec.RefreshTokenID != tombstone.RefreshTokenID):
		return rec, nil
	}
	again := *tombstone
	again.Version = rec.Version + 1
	if !rec.ended() && rec.RefreshTokenID != again.RefreshTokenID { // a session cookie alone does not know it, and a rebuilt record may have another
		again.RefreshTokenID, again.User, again.Unrevoked = rec.RefreshTokenID, User{ID: rec.User.ID}, rec.RefreshTokenID != ""
	}
	return &again, g.store.Swap(ctx, &again)
}
