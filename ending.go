package latchkey

import (
	"context"
	"crypto/rand"
	"errors"
	"sync"
	"time"
)

// An ending is a tombstone on its way into the store, with the events that report it.
type ending struct {
	tombstone *Record
	events    []Event
}

// newEnding marks the tombstone, so that this node recognises it in the store whatever has become of it there.
func newEnding(tombstone *Record, from Device, before ...Event) ending {
	rand.Read(tombstone.Claim.Flight[:])
	return ending{tombstone, append(before, Event{
		Kind: EventEnded, Session: tombstone.ID, UserID: tombstone.User.ID, Device: from, Reason: tombstone.EndReason,
	})}
}

// isIn reports whether the record in the store is this ending.
func (e ending) isIn(rec *Record) bool {
	return rec.ended() && rec.Claim.Flight == e.tombstone.Claim.Flight
}

// storeEnd writes an end and reports it. Where the store's answer is lost, the end may be stored all the same: then it is in doubt until the store says.
func (g *Guard) storeEnd(ctx context.Context, e ending, write func(context.Context, *Record) error) error {
	err := write(ctx, e.tombstone)
	switch {
	case err == nil:
		g.ended(ctx, e, true)
		return nil
	case errors.Is(err, ErrConflict) || errors.Is(err, ErrNotFound):
		return err
	}
	if !g.ends.doubt(e) {
		g.log.ErrorContext(ctx, "too many ends are in doubt: should this one be stored, it is not reported", "app", g.app, "session", e.tombstone.ID)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	stored := g.resolve(ctx, e)
	g.wake()
	if stored {
		return nil
	}
	return err
}

// ended remembers that a session is over, reports it, and wakes the background work, for there may be something to store or to revoke.
func (g *Guard) ended(ctx context.Context, e ending, stored bool) {
	g.ends.note(e.tombstone)
	g.reported(ctx, e, stored)
}

func (g *Guard) reported(ctx context.Context, e ending, stored bool) {
	if !g.ends.owed.add(e.tombstone, stored) {
		g.log.ErrorContext(ctx, "too many ends wait for the store: this one is kept in memory only, and not for longer than a session id lives",
			"app", g.app, "session", e.tombstone.ID, "user", e.tombstone.User.ID)
	}
	for _, event := range e.events {
		g.emit(ctx, event)
	}
	g.wake()
}

// doubts are the ends whose write was not answered. Each is reported once the store says that it took effect.
type doubts struct {
	mu   sync.Mutex
	ends map[ID]ending
}

// doubtFor is how long after its time an end may still arrive in the store.
const doubtFor = time.Minute

// doubt returns false where too many are in doubt.
func (e *ends) doubt(unsure ending) bool {
	e.doubts.mu.Lock()
	defer e.doubts.mu.Unlock()
	if e.doubts.ends == nil {
		e.doubts.ends = make(map[ID]ending)
	}
	if _, there := e.doubts.ends[unsure.tombstone.ID]; !there && len(e.doubts.ends) >= maxOwed {
		return false
	}
	e.doubts.ends[unsure.tombstone.ID] = unsure
	return true
}

func (e *ends) doubtful() []ending {
	e.doubts.mu.Lock()
	defer e.doubts.mu.Unlock()
	all := make([]ending, 0, len(e.doubts.ends))
	for _, unsure := range e.doubts.ends {
		all = append(all, unsure)
	}
	return all
}

// confirm takes an end out of doubt, and reports whether the caller is the one to report it.
func (e *ends) confirm(unsure ending) bool {
	e.doubts.mu.Lock()
	defer e.doubts.mu.Unlock()
	now, still := e.doubts.ends[unsure.tombstone.ID]
	if !still || now.tombstone != unsure.tombstone {
		return false
	}
	delete(e.doubts.ends, unsure.tombstone.ID)
	e.note(unsure.tombstone)
	return true
}

// pend makes an end known here that is not known to be stored: the one in doubt, or else the one given. It returns false where the session's end is known already.
func (e *ends) pend(id ID, fallback ending) (ending, bool) {
	e.doubts.mu.Lock()
	defer e.doubts.mu.Unlock()
	if e.of(id) != nil {
		return ending{}, false
	}
	if unsure, doubtful := e.doubts.ends[id]; doubtful {
		delete(e.doubts.ends, id)
		fallback = unsure
	}
	e.note(fallback.tombstone)
	return fallback, true
}

func (e *ends) dismiss(unsure ending) {
	e.doubts.mu.Lock()
	defer e.doubts.mu.Unlock()
	if e.doubts.ends[unsure.tombstone.ID].tombstone == unsure.tombstone {
		delete(e.doubts.ends, unsure.tombstone.ID)
	}
}

// resolve asks the store for an end in doubt, and reports whether it is there.
func (g *Guard) resolve(ctx context.Context, e ending) (stored bool) {
	rec, err := g.store.Get(ctx, e.tombstone.ID)
	switch {
	case err == nil && e.isIn(rec):
		if g.ends.confirm(e) {
			g.reported(ctx, e, true)
		}
		return true
	case err == nil && rec.Version >= e.tombstone.Version: // another was faster
		g.ends.dismiss(e)
	case (err == nil || errors.Is(err, ErrNotFound)) && g.now().Sub(e.tombstone.EndedAt) > doubtFor:
		g.ends.dismiss(e)
	}
	return false
}

// resolveDoubts returns false while an end is in doubt.
func (g *Guard) resolveDoubts(ctx context.Context) bool {
	for _, e := range g.ends.doubtful() {
		g.resolve(ctx, e)
	}
	return len(g.ends.doubtful()) == 0
}
