package flight

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

func newGroup() *Group[string, int, string] {
	return &Group[string, int, string]{Contain: func(run func() error) error { return run() }}
}

func TestGroup_sharesOneCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, open := newGroup(), make(chan struct{})
		var calls atomic.Int32
		run := func() (string, error) {
			calls.Add(1)
			<-open
			return "result", nil
		}
		first, shared := g.Begin("key", 1, run)
		second, sharedToo := g.Begin("key", 2, run)
		other, _ := g.Begin("other key", 3, run)
		if shared || !sharedToo || first != second || first == other || second.Starter() != 1 {
			t.Errorf("shared %t, %t; started by %d", shared, sharedToo, second.Starter())
		}
		synctest.Wait()
		close(open)
		g.Wait()
		if got, err := second.Wait(t.Context()); got != "result" || err != nil || calls.Load() != 2 {
			t.Errorf("%q, %v after %d calls", got, err, calls.Load())
		}
		if again, shared := g.Begin("key", 4, run); shared || again.Starter() != 4 {
			t.Error("a flight that has ended is shared")
		}
		g.Wait()
	})
}

func TestFlight_outlivesWhoWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, open, failure := newGroup(), make(chan struct{}), errors.New("failure")
		f, _ := g.Begin("key", 1, func() (string, error) {
			<-open
			return "", failure
		})
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := f.Wait(gone); !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
		close(open)
		if _, err := f.Wait(t.Context()); err != failure {
			t.Errorf("%v", err)
		}
	})
}
