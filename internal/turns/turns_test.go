package turns

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// A key takes one turn at a time, however much work comes for it. Other keys wait for theirs.
func TestDo_oneTurnForEachKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		turns, release := New[int](2), make(chan struct{})
		var running, most atomic.Int32
		slow := func() {
			at := running.Add(1)
			for m := most.Load(); at > m && !most.CompareAndSwap(m, at); m = most.Load() {
			}
			<-release
			running.Add(-1)
		}
		var all sync.WaitGroup
		for key := range 4 {
			all.Go(func() {
				if err := turns.Do(t.Context(), key, slow); err != nil {
					t.Errorf("key %d: %v", key, err)
				}
			})
		}
		synctest.Wait()
		for key := range 4 {
			if err := turns.Do(t.Context(), key, slow); err != ErrTaken {
				t.Errorf("key %d, once more: %v", key, err)
			}
		}
		late, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := turns.Do(late, 5, slow); err != context.DeadlineExceeded {
			t.Errorf("no turn came: %v", err)
		}
		close(release)
		all.Wait()
		if most.Load() != 2 || len(turns.keys) != 0 {
			t.Errorf("%d at a time, %d are left", most.Load(), len(turns.keys))
		}
	})
}
