package latchkey_test

import (
	"context"
	"crypto/sha256"
	"sync"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/latchkeytest"
)

// flakyStore counts how often it is read.
type flakyStore struct {
	*latchkeytest.Store
	mu    sync.Mutex
	reads int
	undo  func() // what was written since the snapshot
}

func newFlakyStore() *flakyStore { return &flakyStore{Store: latchkeytest.NewStore()} }

// cutoffs are the ids under which stores keep whether all sessions of an app have ended. All
// versions that share a store must agree on them.
var cutoffs = map[latchkey.ID]bool{cutoffOf("store"): true, cutoffOf("forums"): true, cutoffOf("store.example.com"): true}

func cutoffOf(app string) latchkey.ID {
	sum := sha256.Sum256([]byte("latchkey: all sessions end\x00" + app))
	return latchkey.ID(sum[:16])
}

func (s *flakyStore) cut(down bool) {
	if down {
		s.Fail(latchkeytest.ErrStoreDown)
	} else {
		s.Fail(nil)
	}
}

func (s *flakyStore) readCount() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reads
}

func (s *flakyStore) lose() { s.Lose() }

func (s *flakyStore) snapshot() { s.undo = s.Snapshot() }

func (s *flakyStore) rollback() { s.undo() }

func (s *flakyStore) Get(ctx context.Context, id latchkey.ID) (*latchkey.Record, error) {
	if !cutoffs[id] { // which is read once in a while, not for each request
		s.mu.Lock()
		s.reads++
		s.mu.Unlock()
	}
	return s.Store.Get(ctx, id)
}
