// Package memstore keeps sessions in the memory of one process: for tests, and for apps whose
// restart may log everyone out.
package memstore

import (
	"bytes"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/internal/broadcast"
)

// Store is a latchkey.Store. Use New.
type Store struct {
	shards [256]shard // by the first byte of the id, to avoid lock contention

	writes broadcast.Broadcast
}

type shard struct {
	mu      sync.RWMutex
	records map[latchkey.ID]*latchkey.Record
}

var (
	_ latchkey.Store   = (*Store)(nil)
	_ latchkey.Sweeper = (*Store)(nil)
	_ latchkey.Watcher = (*Store)(nil)
)

// New returns an empty store.
func New() *Store {
	s := &Store{}
	for i := range s.shards {
		s.shards[i].records = make(map[latchkey.ID]*latchkey.Record)
	}
	return s
}

func (s *Store) shard(id latchkey.ID) *shard { return &s.shards[id[0]] }

// Create adds a record.
func (s *Store) Create(ctx context.Context, rec *latchkey.Record) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	sh := s.shard(rec.ID)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if _, taken := sh.records[rec.ID]; taken {
		return latchkey.ErrConflict
	}
	sh.records[rec.ID] = rec
	s.writes.Tell(rec.ID)
	return nil
}

// Get returns the record.
func (s *Store) Get(ctx context.Context, id latchkey.ID) (*latchkey.Record, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	sh := s.shard(id)
	sh.mu.RLock()
	rec, ok := sh.records[id]
	sh.mu.RUnlock()
	if !ok {
		return nil, latchkey.ErrNotFound
	}
	return rec, nil
}

// Swap replaces the record of the version before.
func (s *Store) Swap(ctx context.Context, next *latchkey.Record) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	sh := s.shard(next.ID)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	current, ok := sh.records[next.ID]
	switch {
	case !ok:
		return latchkey.ErrNotFound
	case current.Version != next.Version-1, !current.EndedAt.IsZero() && next.EndedAt.IsZero():
		return latchkey.ErrConflict
	}
	if current.LastSeenAt.After(next.LastSeenAt) {
		later := *next
		later.LastSeenAt = current.LastSeenAt
		next = &later
	}
	sh.records[next.ID] = next
	s.writes.Tell(next.ID)
	return nil
}

// Touch moves the last use of sessions forward.
func (s *Store) Touch(ctx context.Context, seen []latchkey.Seen) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	for _, use := range seen {
		sh := s.shard(use.ID)
		sh.mu.Lock()
		if rec, ok := sh.records[use.ID]; ok && rec.EndedAt.IsZero() && use.At.After(rec.LastSeenAt) {
			touched := *rec
			touched.LastSeenAt = use.At
			sh.records[use.ID] = &touched
		}
		sh.mu.Unlock()
	}
	return nil
}

// ByUser lists the living sessions of a user, the newest first. It scans every session.
func (s *Store) ByUser(ctx context.Context, app, userID string, limit int) ([]*latchkey.Record, error) {
	var found []*latchkey.Record
	s.each(func(records map[latchkey.ID]*latchkey.Record) {
		for _, rec := range records {
			if rec.User.ID == userID && rec.App == app && rec.EndedAt.IsZero() {
				found = append(found, rec)
			}
		}
	})
	slices.SortFunc(found, func(a, b *latchkey.Record) int { return b.CreatedAt.Compare(a.CreatedAt) })
	return found[:min(limit, len(found))], ctx.Err()
}

// Unrevoked lists ended sessions whose refresh token is still to be revoked.
func (s *Store) Unrevoked(ctx context.Context, app string, after latchkey.ID, limit int) ([]*latchkey.Record, error) {
	var found []*latchkey.Record
	s.each(func(records map[latchkey.ID]*latchkey.Record) {
		for _, rec := range records {
			if rec.Unrevoked && rec.App == app && bytes.Compare(rec.ID[:], after[:]) > 0 {
				found = append(found, rec)
			}
		}
	})
	slices.SortFunc(found, func(a, b *latchkey.Record) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	return found[:min(limit, len(found))], ctx.Err()
}

// Sweep removes records past their deadline.
func (s *Store) Sweep(ctx context.Context, now time.Time) (removed int, err error) {
	s.each(func(records map[latchkey.ID]*latchkey.Record) {
		for id, rec := range records {
			if !rec.Unrevoked && !now.Before(rec.Deadline) {
				delete(records, id)
				removed++
			}
		}
	})
	return removed, ctx.Err()
}

func (s *Store) each(visit func(map[latchkey.ID]*latchkey.Record)) {
	for i := range s.shards {
		sh := &s.shards[i]
		sh.mu.Lock()
		visit(sh.records)
		sh.mu.Unlock()
	}
}

// Watch reports every write of this store, until ctx is done.
func (s *Store) Watch(ctx context.Context, changed func(latchkey.ID), beat func(asOf time.Time)) error {
	return s.writes.Listen(ctx, changed, beat, nil)
}
