package redisstore

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/redis/rueidis"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/internal/crash"
)

// Watch uses Redis' own tracking of keys: each master reports every change of a key with our
// prefix, on a connection of its own (CLIENT TRACKING … BCAST), and the same connection answers
// questions. Redis queues the report before it replies to the writer, and one connection keeps its
// order: the reply to a question that was asked after a write had returned comes after the report
// of that write. So a round of questions, answered by every master, is a heartbeat. The questions
// are whether the server still is a master and what it knows about the cluster: see masters.go.
// docs/decisions has the reasons.
const (
	roundEvery = 250 * time.Millisecond
	roundLimit = 1500 * time.Millisecond // a server that is silent for longer counts as gone
)

// A watch is one call of Watch.
type watch struct {
	changed func(latchkey.ID)
	beat    func(time.Time)
	fail    context.CancelCauseFunc

	mu   sync.Mutex // held while a function of the caller runs
	last time.Time  // of the last heartbeat
	over bool
}

// Watch reports every Create and Swap, by any process. It ends with an error when a connection is
// lost, a server is silent for 1.5 s, its data were flushed, or the cluster has changed: another
// master, another node, a failover.
func (s *Store) Watch(ctx context.Context, changed func(latchkey.ID), beat func(asOf time.Time)) error {
	watching, fail := context.WithCancelCause(ctx)
	w := &watch{changed: changed, beat: beat, fail: fail}
	var running sync.WaitGroup
	defer running.Wait()
	defer fail(nil)
	defer w.end()

	layout, err := s.layout(watching)
	if err != nil {
		return fmt.Errorf("watch: %w", err)
	}
	streams, err := s.listen(watching, layout, w)
	defer streams.close()
	if err != nil {
		return fmt.Errorf("watch: %w", err)
	}
	tick := time.NewTicker(roundEvery)
	defer tick.Stop()
	for turn := 0; ; turn++ {
		asOf := time.Now()
		running.Go(func() {
			if err := crash.Contain(func() error { return streams.ask(watching, layout, turn) }); err != nil {
				fail(err)
			} else {
				w.answered(asOf)
			}
		})
		select {
		case <-tick.C:
		case <-s.closed:
			return fmt.Errorf("watch: %w", rueidis.ErrClosing)
		case <-watching.Done():
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			return fmt.Errorf("watch: %w", context.Cause(watching))
		}
	}
}

// tell passes on changed keys; nil means that all were flushed, or that the connection is lost.
func (w *watch) tell(keys []rueidis.RedisMessage) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if keys == nil {
		w.fail(errLost)
	}
	err := crash.Contain(func() error { // in the client's goroutine
		for _, key := range keys {
			name, _ := key.ToString()
			if id, ok := idOfChange(name); ok && !w.over {
				w.changed(id)
			}
		}
		return nil
	})
	if err != nil {
		w.fail(err)
	}
}

// answered records that every master has answered what it was asked after asOf.
func (w *watch) answered(asOf time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.over && asOf.After(w.last) {
		w.last = asOf
		w.beat(asOf)
	}
}

// end makes sure that the caller's functions are no longer called.
func (w *watch) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.over = true
}
