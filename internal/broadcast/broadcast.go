// Package broadcast is the part of latchkey.Watcher that stores of one process have in common: it tells who listens of every write.
package broadcast

import (
	"context"
	"sync"
	"time"

	"github.com/latchkey-dev/latchkey"
)

// beatEvery is how often Listen beats where nothing is written, a little under what the contract asks.
const beatEvery = 400 * time.Millisecond

// A Broadcast has any number of listeners. The zero value is ready.
type Broadcast struct {
	mu        sync.RWMutex
	listeners map[*listener]struct{}
}

// A listener is what one call of Listen has not told of yet.
type listener struct {
	mu   sync.Mutex
	ids  map[latchkey.ID]struct{} // each once, so that a slow listener costs no more memory than the records do
	some chan struct{}
}

// Tell leaves word of a write with every listener. It is called before the write returns.
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

// Listen does what latchkey.Watcher asks of Watch, for writes that are told of by Tell. whole is asked before each beat whether anything else may have been written;
// its error ends Listen. It may be nil.
func (b *Broadcast) Listen(ctx context.Context, changed func(latchkey.ID), beat func(asOf time.Time), whole func(context.Context) error) error {
	l := b.add()
	defer b.remove(l)
	ticks := time.NewTicker(beatEvery)
	defer ticks.Stop()
	for ask := true; ctx.Err() == nil; {
		asOf := time.Now() // before the ids are taken: what returned until now is among them
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
