package latchkey

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// A session takes one turn at a time, however many signatures come for it. Those of other sessions
// wait for theirs.
func TestVerifier_oneTurnForEachSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, release := newVerifier(2), make(chan struct{})
		var running, most atomic.Int32
		slow := func() error {
			at := running.Add(1)
			for m := most.Load(); at > m && !most.CompareAndSwap(m, at); m = most.Load() {
			}
			<-release
			running.Add(-1)
			return nil
		}
		var all sync.WaitGroup
		sessions := []ID{{1}, {2}, {3}, {4}}
		for _, id := range sessions {
			all.Go(func() {
				if err := v.run(t.Context(), id, slow); err != nil {
					t.Errorf("session %d: %v", id[0], err)
				}
			})
		}
		synctest.Wait()
		for _, id := range sessions {
			if err := v.run(t.Context(), id, slow); err != errBusy {
				t.Errorf("session %d, once more: %v", id[0], err)
			}
		}
		late, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := v.run(late, ID{5}, slow); err != context.DeadlineExceeded {
			t.Errorf("no turn came: %v", err)
		}
		close(release)
		all.Wait()
		if most.Load() != 2 || len(v.busy) != 0 {
			t.Errorf("%d at a time, %d are left", most.Load(), len(v.busy))
		}
		if err := v.run(t.Context(), ID{1}, func() error { return errors.New("wrong") }); err != errRefused {
			t.Errorf("a wrong signature: %v", err)
		}
	})
}
