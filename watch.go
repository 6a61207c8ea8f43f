package latchkey

import (
	"context"
	"time"
)

// watchAgain is how long a node waits before it listens again to a store that broke the stream off.
const watchAgain = 250 * time.Millisecond

// A watch receives the store's changes for a ledger. Its methods are called by one goroutine.
type watch struct {
	ledger *ledger
	broken bool // the stream broke off, and no heartbeat has come since
	logged bool // that it broke off
}

// watch listens to the store until ctx ends. While it cannot, every request reads the store.
func (l *ledger) watch(ctx context.Context, store Watcher) {
	w := &watch{ledger: l, broken: true}
	for ctx.Err() == nil {
		err := l.contain(ctx, "watch", func() error { return store.Watch(ctx, w.changed, w.beat) })
		if ctx.Err() != nil {
			return
		}
		w.interrupted(ctx, err)
		select {
		case <-time.After(watchAgain):
		case <-ctx.Done():
		}
	}
}

func (w *watch) changed(id ID) {
	l := w.ledger
	if id == l.notBefore.id {
		l.notBefore.stale.Store(true)
		l.cache.Clear()
		return
	}
	l.cache.Changed(id)
	if l.own.wrote(id) {
		return
	}
	select {
	case l.foreignWrite <- id:
	default: // one of them is enough
	}
}

// beat extends how long cached records may be served: all changes up to asOf are known.
func (w *watch) beat(asOf time.Time) {
	l := w.ledger
	// it may be another store now, or have lost its newest writes, and its changes were not heard
	if w.broken {
		w.broken, w.logged = false, false
		l.notBefore.stale.Store(true)
		l.recheckDue.Store(true)
		l.notify()
	}
	l.cache.Beat(asOf)
}

func (w *watch) interrupted(ctx context.Context, err error) {
	l := w.ledger
	w.broken = true
	l.cache.Interrupted()
	if !w.logged { // once for each outage
		w.logged = true
		l.log.WarnContext(ctx, "store watch interrupted; reading through until it recovers", "app", l.app, "error", err)
	}
}
