package storetest

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
)

// RunWatcher checks a store that is a latchkey.Watcher against that contract. open returns two
// handles to the same empty data, as two processes would have them, that no other test uses; it
// registers its own clean-up. A store of a single process returns the same handle twice.
func RunWatcher(t *testing.T, open func(*testing.T) (a, b latchkey.Store)) {
	for _, c := range watcherCases {
		t.Run(c.name, func(t *testing.T) {
			t.Cleanup(func() {
				if t.Failed() {
					t.Logf("contract: %s", c.contract)
				}
			})
			a, b := open(t)
			c.check(t, a, b)
		})
	}
}

// Each case quotes the sentences of latchkey.Watcher that it checks.
var watcherCases = []struct {
	name     string
	contract string
	check    func(t *testing.T, a, b latchkey.Store)
}{
	{"told", toldOf, told},
	{"told of many", toldOf, toldOfMany},
	{"beats", "It calls beat at least every 500 ms. beat(t) promises that changed has been called for every Create and Swap that returned before t, on any node. t is read from this process's clock before the store is polled.", beats},
	{"told before the beat", "beat(t) promises that changed has been called for every Create and Swap that returned before t, on any node.", toldBeforeBeat},
	{"a cache is never stale", "A Watcher is a Store that reports every write, so that a Guard may cache records and serve from memory.", cacheIsNeverStale},
	{"several", "It calls both functions from one goroutine at a time.", several},
	{"ends", toldOf, ends},
}

const toldOf = "Watch calls changed with the id of each record that was created or swapped, by this process or another, until ctx is done or the stream breaks, and returns why."

// patience is how long the suite waits for what should take milliseconds.
const patience = 20 * time.Second

// A stream is one Watch and what it has reported.
type stream struct {
	cancel context.CancelFunc
	ended  chan struct{}
	err    error // once ended
	news   chan struct{}
	inside atomic.Int32

	mu    sync.Mutex
	told  map[latchkey.ID]int // how often
	beats []time.Time         // the times of the heartbeats
}

// watch starts a Watch and waits for its first heartbeat. onBeat, if not nil, runs in each.
func watch(t *testing.T, store latchkey.Store, onBeat func(s *stream, asOf time.Time)) *stream {
	t.Helper()
	watcher, ok := store.(latchkey.Watcher)
	if !ok {
		t.Fatalf("%T is not a latchkey.Watcher", store)
	}
	ctx, cancel := context.WithCancel(t.Context())
	s := &stream{cancel: cancel, ended: make(chan struct{}), news: make(chan struct{}, 1), told: map[latchkey.ID]int{}}
	go func() {
		defer close(s.ended)
		s.err = watcher.Watch(ctx, func(id latchkey.ID) {
			s.call(t, func() { s.told[id]++ })
		}, func(asOf time.Time) {
			s.call(t, func() {
				if onBeat != nil {
					onBeat(s, asOf)
				}
				s.beats = append(s.beats, asOf)
			})
		})
	}()
	t.Cleanup(func() { s.stop(t) })
	s.until(t, "a first beat", func() bool { return len(s.beats) > 0 })
	return s
}

// call runs the body of one of the two functions, and checks that no other runs at the same time,
// nor after the end.
func (s *stream) call(t *testing.T, do func()) {
	if s.inside.Add(1) != 1 {
		t.Error("Watch calls its functions from two goroutines at once")
	}
	select {
	case <-s.ended:
		t.Error("Watch calls its functions after it has returned")
	default:
	}
	s.mu.Lock()
	do()
	s.mu.Unlock()
	s.inside.Add(-1)
	select {
	case s.news <- struct{}{}:
	default:
	}
}

// until waits for a condition on what has been reported.
func (s *stream) until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	late := time.After(patience)
	for {
		s.mu.Lock()
		ok := holds()
		s.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-s.news:
		case <-s.ended:
			t.Fatalf("Watch ended during the wait for %s: %v", what, s.err)
		case <-late:
			t.Fatalf("waited %v for %s", patience, what)
		}
	}
}

// untilBeat waits for a heartbeat that covers everything until now.
func (s *stream) untilBeat(t *testing.T) {
	t.Helper()
	now := time.Now()
	s.until(t, "a beat", func() bool { return !s.beats[len(s.beats)-1].Before(now) })
}

// untilTold waits until ids have been reported.
func (s *stream) untilTold(t *testing.T, ids ...latchkey.ID) {
	t.Helper()
	s.until(t, "the told ids", func() bool {
		for _, id := range ids {
			if s.told[id] == 0 {
				return false
			}
		}
		return true
	})
}

func (s *stream) stop(t *testing.T) {
	t.Helper()
	s.cancel()
	select {
	case <-s.ended:
	case <-time.After(patience):
		t.Fatalf("Watch goes on %v after its context was done", patience)
	}
	if !errors.Is(s.err, context.Canceled) {
		t.Errorf("Watch returned %v, want the context's error", s.err)
	}
}
