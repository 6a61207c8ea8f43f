package redisstore_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/internal/redistest"
	"github.com/latchkey-dev/latchkey/redisstore"
)

// A watching is one Watch.
type watching struct {
	ended chan error

	mu    sync.Mutex
	told  map[latchkey.ID]int
	beats int
	asOf  time.Time
}

// watch starts a Watch and waits for its first heartbeat. While the servers are still starting it
// is called again, as by a guard.
func watch(t testing.TB, s *redisstore.Store) *watching {
	t.Helper()
	for began := time.Now(); ; {
		w := &watching{ended: make(chan error, 1), told: make(map[latchkey.ID]int)}
		first := make(chan struct{})
		ctx, cancel := context.WithCancel(t.Context())
		t.Cleanup(cancel)
		go func() {
			w.ended <- s.Watch(ctx, func(id latchkey.ID) {
				w.mu.Lock()
				w.told[id]++
				w.mu.Unlock()
			}, func(asOf time.Time) {
				w.mu.Lock()
				if w.beats++; w.beats == 1 {
					close(first)
				}
				w.asOf = asOf
				w.mu.Unlock()
			})
		}()
		select {
		case <-first:
			return w
		case err := <-w.ended:
			cancel()
			if time.Since(began) > time.Minute {
				t.Fatalf("Watch does not come up: %v", err)
			}
			time.Sleep(50 * time.Millisecond) // the servers are real processes
		}
	}
}

// wait returns why the Watch ended.
func (w *watching) wait(t testing.TB) error {
	t.Helper()
	select {
	case err := <-w.ended:
		return err
	case <-time.After(time.Minute):
		t.Fatal("Watch does not end")
		return nil
	}
}

// endsWithin fails the test unless the Watch ends within that time, with an error that contains
// want.
func (w *watching) endsWithin(t testing.TB, limit time.Duration, want string) {
	t.Helper()
	began := time.Now()
	err := w.wait(t)
	if took := time.Since(began); took > limit {
		t.Errorf("Watch ended after %v, want %v", took, limit)
	}
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("Watch ended with %v, want %q", err, want)
	}
}

func (w *watching) count(id latchkey.ID) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.told[id]
}

// caughtUp waits until a heartbeat covers everything until now.
func (w *watching) caughtUp(t testing.TB) {
	t.Helper()
	now := time.Now()
	redistest.Until(t, "a beat", func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.asOf.After(now)
	})
}

func TestTouchIsNotTold(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, server.URL())
	rec := session()
	must(t, s.Create(t.Context(), rec))
	w := watch(t, s)
	before := w.count(rec.ID)
	must(t, s.Touch(t.Context(), []latchkey.Seen{{ID: rec.ID, At: rec.LastSeenAt.Add(time.Second)}}))
	_, _ = s.Get(t.Context(), rec.ID)
	w.caughtUp(t)
	if n := w.count(rec.ID) - before; n != 0 {
		t.Errorf("told %d times of a Touch", n)
	}
	next := *rec
	next.Version = 2
	must(t, s.Swap(t.Context(), &next))
	w.caughtUp(t)
	if n := w.count(rec.ID) - before; n != 1 {
		t.Errorf("told %d times of a Swap", n)
	}
}

func TestWatchEnds(t *testing.T) {
	t.Parallel()
	// A heartbeat covers what was written until it was asked for, so it may be as old as a silent
	// server is silent; and the test's machine is busy.
	const limit = 1500*time.Millisecond + slack
	server := redistest.Start(t)
	s := open(t, server.URL())
	for _, c := range []struct {
		name   string
		happen func()
		want   string
		repair func()
	}{
		{"data wiped", func() { server.Command(t, "FLUSHALL") }, "flushed", func() {}},
		{"connection closed", func() { server.Command(t, "CLIENT", "KILL", "TYPE", "normal") }, "lost", func() {}},
		{"silence", func() { server.Pause(t) }, "in time", func() { server.Resume(t) }},
		{"demotion", func() { server.Command(t, "REPLICAOF", "127.0.0.1", "1") }, "", func() { server.Command(t, "REPLICAOF", "NO", "ONE") }},
		{"death", func() { server.Kill(t) }, "", func() { server.Restart(t) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := watch(t, s)
			c.happen()
			w.endsWithin(t, limit, c.want)
			c.repair()
			again := watch(t, s)
			rec := session()
			must(t, s.Create(t.Context(), rec))
			again.caughtUp(t)
			if again.count(rec.ID) == 0 {
				t.Error("the next Watch does not tell")
			}
		})
	}
}
