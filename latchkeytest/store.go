package latchkeytest

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/memstore"
)

// ErrStoreDown is an error to pass to [Store.Fail].
var ErrStoreDown = errors.New("the store cannot be reached")

// A Store keeps sessions in memory, and can fail and lose data on demand. It is not a
// [latchkey.Watcher], so guards read it on every request and notice at once.
type Store struct {
	mu    sync.Mutex
	inner latchkey.Store
	fault error
	ids   map[latchkey.ID]bool
}

// NewStore returns an empty store. Every World has one already.
func NewStore() *Store {
	return &Store{inner: memstore.New(), ids: make(map[latchkey.ID]bool)}
}

// Fail makes every call return err, until Fail(nil).
func (s *Store) Fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = err
}

// Lose deletes everything.
func (s *Store) Lose() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inner = memstore.New()
}

// Snapshot returns a function that undoes all writes made since, as a failover to a lagging replica
// does.
func (s *Store) Snapshot() (rollback func()) {
	saved := s.Records()
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.inner = memstore.New()
		for _, rec := range saved {
			s.inner.Create(context.Background(), rec)
		}
	}
}

// Records returns all records, tombstones included, in no particular order. Do not modify them.
func (s *Store) Records() []*latchkey.Record {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []*latchkey.Record
	for id := range s.ids {
		if rec, err := s.inner.Get(context.Background(), id); err == nil {
			all = append(all, rec)
		}
	}
	return all
}

func (s *Store) reach() (latchkey.Store, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.inner, s.fault
}

// Create implements [latchkey.Store].
func (s *Store) Create(ctx context.Context, rec *latchkey.Record) error {
	inner, err := s.reach()
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.ids[rec.ID] = true
	s.mu.Unlock()
	return inner.Create(ctx, rec)
}

// Get implements [latchkey.Store].
func (s *Store) Get(ctx context.Context, id latchkey.ID) (*latchkey.Record, error) {
	inner, err := s.reach()
	if err != nil {
		return nil, err
	}
	return inner.Get(ctx, id)
}

// Swap implements [latchkey.Store].
func (s *Store) Swap(ctx context.Context, next *latchkey.Record) error {
	inner, err := s.reach()
	if err != nil {
		return err
	}
	return inner.Swap(ctx, next)
}

// Touch implements [latchkey.Store].
func (s *Store) Touch(ctx context.Context, seen []latchkey.Seen) error {
	inner, err := s.reach()
	if err != nil {
		return err
	}
	return inner.Touch(ctx, seen)
}

// ByUser implements [latchkey.Store].
func (s *Store) ByUser(ctx context.Context, app, userID string, limit int) ([]*latchkey.Record, error) {
	inner, err := s.reach()
	if err != nil {
		return nil, err
	}
	return inner.ByUser(ctx, app, userID, limit)
}

// Unrevoked implements [latchkey.Store].
func (s *Store) Unrevoked(ctx context.Context, app string, after latchkey.ID, limit int) ([]*latchkey.Record, error) {
	inner, err := s.reach()
	if err != nil {
		return nil, err
	}
	return inner.Unrevoked(ctx, app, after, limit)
}

// Sweep implements [latchkey.Sweeper].
func (s *Store) Sweep(ctx context.Context, now time.Time) (int, error) {
	inner, err := s.reach()
	if err != nil {
		return 0, err
	}
	return inner.(latchkey.Sweeper).Sweep(ctx, now)
}
