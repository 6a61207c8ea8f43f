// Package broadcast is the part of latchkey.Watcher that in-process stores have in common: it
// notifies listeners of every write.
package broadcast

import (
	"context"
	"sync"
	"time"

	"github.com/latchkey-dev/latchkey"
)

// beatEvery is the interval of Listen's heartbeats when nothing is written, a little shorter than
// the contract asks.
const beatEvery = 400 * time.Millisecond

// A Broadcast has any number of listeners. The zero value is ready.
type Broadcast struct {
	mu        sync.RWMutex
	listeners map[*listener]struct{}
}

// A listener holds what one call of Listen has not passed on yet.
type listener struct {
	mu   sync.Mutex
	ids  map[latchkey.ID]struct{} // each once, so that a slow listener costs no more memory than the records do
	some chan struct{}
}

// Tell notifies every listener of a write. It must be called before the write returns.
func (b *Broadcast) Tell(id latchkey.ID) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	for l := range b.listeners {
		l.mu.Lock()
		l.ids[id] = struct{}{}
		l.mu.Unlock()
		select {
		case l.some <- struct{}{}:
		default:
		}
	}
}

// Listen does what latchkey.Watcher asks of Watch, for writes that are announced by Tell. Before
// each heartbeat it calls whole, which reports whether anything else may have been written; its
// error ends Listen. whole may be nil.
func (b *Broadcast) Listen(ctx context.Context, changed func(latchkey.ID), beat func(asOf time.Time), whole func(context.Context) error) error {
	l := b.add()
	defer b.remove(l)
	ticks := time.NewTicker(beatEvery)
	defer ticks.Stop()
	for ask := true; ctx.Err() == nil; {
		asOf := time.Now() // before the ids are taken: every write that returned by now is among them
		if ask && whole != nil {
			if err := whole(ctx); err != nil {
				return err
			}
		}
		for id := range l.take() {
			changed(id)
		}
		if ask || whole == nil {
			beat(asOf)
		}
		select {
		case <-l.some:
			ask = false
		case <-ticks.C:
			ask = true
		case <-ctx.Done():
		}
	}
	return context.Cause(ctx)
}

func (b *Broadcast) add() *listener {
	l := &listener{ids: make(map[latchkey.ID]struct{}), some: make(chan struct{}, 1)}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.listeners == nil {
		b.listeners = make(map[*listener]struct{})
	}
	b.listeners[l] = struct{}{}
	return l
}

func (b *Broadcast) remove(l *listener) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.listeners, l)
}

func (l *listener) take() map[latchkey.ID]struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	ids := l.ids
	if len(ids) > 0 {
		l.ids = make(map[latchkey.ID]struct{})
		return ids
	}
	return nil
}
