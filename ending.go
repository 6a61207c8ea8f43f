package latchkey

import (
	"crypto/rand"
	"maps"
	"slices"
	"sync"
)

// An ending is a tombstone on its way into the store, with the events that report it.
type ending struct {
	tombstone *Record
	events    []Event
}

// newEnding marks the tombstone, so that this node recognises it in the store.
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

// unconfirmed are the ends whose write the store has not answered. Each is reported once the store
// has it.
type unconfirmed struct {
	mu   sync.Mutex
	byID map[ID]ending
}

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
