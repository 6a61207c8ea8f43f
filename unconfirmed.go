package latchkey

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"
)

// unconfirmed are the ends whose write the store has not answered. Each is reported once the store
// has it.
type unconfirmed struct {
	mu   sync.Mutex
	byID map[ID]ending
}

// unconfirmedFor is how long after its time an end may still arrive in the store.
const unconfirmedFor = time.Minute

// add reports whether there was room.
func (u *unconfirmed) add(e ending) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.byID == nil {
		u.byID = make(map[ID]ending)
	}
	if _, listed := u.byID[e.tombstone.ID]; !listed && len(u.byID) >= maxPending {
		return false
	}
	u.byID[e.tombstone.ID] = e
	return true
}

// remove takes an end off the list, and reports whether it was on it. Of all that remove it, one
// hears yes, and reports it.
func (u *unconfirmed) remove(e ending) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.byID[e.tombstone.ID].tombstone != e.tombstone {
		return false
	}
	delete(u.byID, e.tombstone.ID)
	return true
}

// take takes the end of a session off the list, if there is one.
func (u *unconfirmed) take(id ID) (e ending, listed bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	e, listed = u.byID[id]
	delete(u.byID, id)
	return e, listed
}

func (u *unconfirmed) all() []ending {
	u.mu.Lock()
	defer u.mu.Unlock()
	return slices.Collect(maps.Values(u.byID))
}

// confirm asks the store for an unconfirmed end, and reports whether it is there.
func (l *ledger) confirm(ctx context.Context, e ending) (stored bool) {
	rec, err := l.store.Get(ctx, e.tombstone.ID)
	switch {
	case err == nil && e.isIn(rec):
		l.tombstones.add(e.tombstone) // first, so that nobody takes the end for news meanwhile
		if l.unconfirmed.remove(e) {
			l.endStored(ctx, e)
		}
		return true
	case err == nil && rec.Version >= e.tombstone.Version: // another write was faster
		l.unconfirmed.remove(e)
	case (err == nil || errors.Is(err, ErrNotFound)) && l.now().Sub(e.tombstone.EndedAt) > unconfirmedFor:
		l.unconfirmed.remove(e)
	}
	return false
}

// confirmAll returns false while an end is unconfirmed.
func (l *ledger) confirmAll(ctx context.Context) bool {
	for _, e := range l.unconfirmed.all() {
		l.confirm(ctx, e)
	}
	return len(l.unconfirmed.all()) == 0
}
