package latchkey_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/latchkey-dev/latchkey"
)

// tellingStore is a store whose stream of changes the test has in its hand.
type tellingStore struct {
	*flakyStore
	silent atomic.Bool // the stream is cut, and nobody says so

	mu      sync.Mutex
	streams map[*stream]bool
	during  func() // runs in the next Get, after the store has been read
}

type stream struct {
	changed func(latchkey.ID)
	broken  chan error
}

func newTellingStore() *tellingStore {
	return &tellingStore{flakyStore: newFlakyStore(), streams: make(map[*stream]bool)}
}

func (s *tellingStore) Watch(ctx context.Context, changed func(latchkey.ID), beat func(time.Time)) error {
	own := &stream{changed, make(chan error, 1)}
	s.mu.Lock()
	s.streams[own] = true
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.streams, own)
		s.mu.Unlock()
	}()
	for {
		if !s.silent.Load() {
			beat(time.Now())
		}
		select {
		case <-time.After(500 * time.Millisecond):
		case err := <-own.broken:
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// tell announces a change on every stream.
func (s *tellingStore) tell(id latchkey.ID) {
	if s.silent.Load() {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for own := range s.streams {
		own.changed(id)
	}
}

func (s *tellingStore) breakStreams() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for own := range s.streams {
		own.broken <- errors.New("cut by the test")
	}
}

func (s *tellingStore) Get(ctx context.Context, id latchkey.ID) (*latchkey.Record, error) {
	rec, err := s.flakyStore.Get(ctx, id)
	s.mu.Lock()
	during := s.during
	s.during = nil
	s.mu.Unlock()
	if during != nil {
		during()
	}
	return rec, err
}

func (s *tellingStore) Create(ctx context.Context, rec *latchkey.Record) error {
	err := s.flakyStore.Create(ctx, rec)
	s.tell(rec.ID)
	return err
}

func (s *tellingStore) Swap(ctx context.Context, next *latchkey.Record) error {
	err := s.flakyStore.Swap(ctx, next)
	s.tell(next.ID)
	return err
}
