package memstore

import (
	"context"
	"sync"
	"time"

	"github.com/latchkey-dev/latchkey"
)

// beatEvery is how often Watch beats where nothing is written, a little under what the contract asks.
const beatEvery = 400 * time.Millisecond

// A watch is what one call of Watch has not told of yet.
type watch struct {
	mu   sync.Mutex
	ids  map[latchkey.ID]struct{} // each once, so that a slow listener costs no more memory than the records do
	some chan struct{}
}

// Watch tells of every write of this store, until ctx is done.
func (s *Store) Watch(ctx context.Context, changed func(latchkey.ID), beat func(asOf time.Time)) error {
	w := &watch{ids: make(map[latchkey.ID]struct{}), some: make(chan struct{}, 1)}
	s.watching.Lock()
	s.watches[w] = struct{}{}
	s.watching.Unlock()
	defer func() {
		s.watching.Lock()
		delete(s.watches, w)
		s.watching.Unlock()
	}()
	ticks := time.NewTicker(beatEvery)
	defer ticks.Stop()
	for ctx.Err() == nil {
		asOf := time.Now() // before the ids are taken: what returned until now is among them
		for id := range w.take() {
			changed(id)
		}
		beat(asOf)
		select {
		case <-w.some:
		case <-ticks.C:
		case <-ctx.Done():
		}
	}
	return context.Cause(ctx)
}

// tell leaves word of a write with every watch. It is called before the write returns.
func (s *Store) tell(id latchkey.ID) {
	s.watching.RLock()
	defer s.watching.RUnlock()
	for w := range s.watches {
		w.mu.Lock()
		w.ids[id] = struct{}{}
		w.mu.Unlock()
		select {
		case w.some <- struct{}{}:
		default:
		}
	}
}

func (w *watch) take() map[latchkey.ID]struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	ids := w.ids
	if len(ids) > 0 {
		w.ids = make(map[latchkey.ID]struct{})
		return ids
	}
	return nil
}
