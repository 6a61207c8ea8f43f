package pgstore_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/pgstore"
)

// together runs do n times at once, and reports the errors.
func together(t *testing.T, n int, do func(int) error) {
	t.Helper()
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			if err := do(i); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

// eventually waits for what a server does by itself.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for late := time.Now().Add(30 * time.Second); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(late) {
			t.Fatalf("waited too long for %s", what)
		}
	}
}

// insist retries a call that a busy machine did not answer in time.
func insist(do func() error) (err error) {
	for late := time.Now().Add(30 * time.Second); time.Now().Before(late); time.Sleep(10 * time.Millisecond) {
		if err = do(); !cannotSay(err) {
			return err
		}
	}
	return err
}

// cannotSay reports whether an error is neither ErrNotFound nor ErrConflict.
func cannotSay(err error) bool {
	return err != nil && !errors.Is(err, latchkey.ErrNotFound) && !errors.Is(err, latchkey.ErrConflict)
}

// A watcher watches like a Guard: again whenever the stream breaks.
type watcher struct {
	mu     sync.Mutex
	told   map[latchkey.ID]int
	beat   time.Time   // the latest time given
	breaks []time.Time // when a Watch returned
}

func watch(t *testing.T, s *pgstore.Store) *watcher {
	t.Helper()
	w := &watcher{told: map[latchkey.ID]int{}}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			err := s.Watch(ctx, func(id latchkey.ID) {
				w.mu.Lock()
				w.told[id]++
				w.mu.Unlock()
			}, func(asOf time.Time) {
				w.mu.Lock()
				w.beat = asOf
				w.mu.Unlock()
			})
			w.mu.Lock()
			w.breaks = append(w.breaks, time.Now())
			w.mu.Unlock()
			if ctx.Err() == nil {
				t.Logf("Watch: %v", err)
				time.Sleep(50 * time.Millisecond)
			}
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	w.untilBeat(t)
	return w
}

// untilBeat waits for a heartbeat that covers everything until now.
func (w *watcher) untilBeat(t *testing.T) {
	t.Helper()
	now := time.Now()
	eventually(t, "a beat", func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.beat.After(now)
	})
}

func (w *watcher) toldOf(id latchkey.ID) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.told[id]
}

// broke waits until a Watch has returned after a time, and returns how long after.
func (w *watcher) broke(t *testing.T, since time.Time) (after time.Duration) {
	t.Helper()
	eventually(t, "the end of a Watch", func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		for _, at := range w.breaks {
			if at.After(since) {
				after = at.Sub(since)
				return true
			}
		}
		return false
	})
	return after
}
