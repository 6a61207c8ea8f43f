package latchkey

import (
	"context"
	"crypto/rand"
	"maps"
	"slices"
	"sync"
)

// pendingEnds are the ends that this node answers for, each until it is stored and its refresh
// token is revoked at the provider. The store alone cannot be that list: one that loses its newest
// writes forgets what must be revoked, and the refresh cookie would bring the session back.
//
// Only the methods change an entry, under the mutex. What they return is a copy.
type pendingEnds struct {
	mu      sync.Mutex
	byID    map[ID]pendingEnd
	changes uint64 // how often the list has changed

	turn chan struct{} // taken by the ledger that works on the list, of those that share it
}

type pendingEnd struct {
	tombstone *Record  // as it is stored, or will be
	stored    bool     // as far as this node knows
	tokens    []string // ids of the refresh tokens to revoke
}

// The list is bounded. Beyond maxSparePending it takes only ends that the store does not have, of
// sessions whose cookies a browser has. So logins that fail during an outage of the store, however
// many, do not displace a logout.
const (
	maxPending      = 100_000 // some 100 MB
	maxSparePending = 10_000
)

// addUnstored adds an end that the store does not have, and reports whether it is on the list now.
func (p *pendingEnds) addUnstored(tombstone *Record) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if e, listed := p.byID[tombstone.ID]; listed {
		if e.stored { // and lost since then
			e.stored = false
			p.put(e)
		}
		return true
	}
	return p.add(maxPending, pendingEnd{tombstone: tombstone})
}

// addAbandoned adds the end of a session whose cookies no browser has, and reports whether it is on
// the list now. If it is not, a refresh token outlives its session.
func (p *pendingEnds) addAbandoned(tombstone *Record) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.add(maxSparePending, pendingEnd{tombstone: tombstone})
}

// addUnrevoked adds an end that the store has, if its refresh token is still to be revoked. It need
// not be on the list: the store's own queue has it, too.
func (p *pendingEnds) addUnrevoked(tombstone *Record) {
	if !tombstone.Unrevoked {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.add(maxSparePending, pendingEnd{tombstone: tombstone, stored: true})
}

// addSaved adds an end that an earlier process has left to this one. The list does not count as
// changed: the ends file has it.
func (p *pendingEnds) addSaved(e pendingEnd) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.put(e)
	p.changes = 0
}

func (p *pendingEnds) add(limit int, e pendingEnd) bool {
	if _, listed := p.byID[e.tombstone.ID]; listed {
		return true
	}
	if len(p.byID) >= limit {
		return false
	}
	p.put(e.withToken(e.tombstone))
	return true
}

func (p *pendingEnds) put(e pendingEnd) {
	if p.byID == nil {
		p.byID = make(map[ID]pendingEnd)
	}
	p.byID[e.tombstone.ID] = e
	p.changes++
}

// update puts back what change makes of an end on the list.
func (p *pendingEnds) update(id ID, change func(pendingEnd) pendingEnd) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if e, listed := p.byID[id]; listed {
		p.put(change(e))
	}
}

// setStored records that the store has this tombstone. If its refresh token is not that of the end
// on the list, that token must be revoked, too.
func (p *pendingEnds) setStored(tombstone *Record) {
	p.update(tombstone.ID, func(e pendingEnd) pendingEnd {
		e.tombstone, e.stored = tombstone, true
		return e.withToken(tombstone)
	})
}

// setTokenRevoked takes a revoked refresh token off an end.
func (p *pendingEnds) setTokenRevoked(id ID, token string) {
	p.update(id, func(e pendingEnd) pendingEnd {
		e.tokens = slices.DeleteFunc(slices.Clone(e.tokens), func(t string) bool { return t == token })
		return e
	})
}

// setRevoked records a tombstone whose refresh token is revoked.
func (p *pendingEnds) setRevoked(tombstone *Record) {
	p.update(tombstone.ID, func(e pendingEnd) pendingEnd {
		e.tombstone = tombstone
		return e
	})
}

// removeDone takes an end off the list if nothing is left to do for it, and reports whether it is
// off the list.
func (p *pendingEnds) removeDone(id ID) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	e, listed := p.byID[id]
	if listed && e.stored && len(e.tokens) == 0 && !e.tombstone.Unrevoked {
		p.delete(id)
		return true
	}
	return !listed
}

// removeExpired takes an end off the list whose session no longer has a live cookie.
func (p *pendingEnds) removeExpired(id ID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delete(id)
}

func (p *pendingEnds) delete(id ID) {
	delete(p.byID, id)
	p.changes++
}

// enter takes the turn, unless ctx ends first.
func (p *pendingEnds) enter(ctx context.Context) bool {
	select {
	case p.turn <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

func (p *pendingEnds) leave() { <-p.turn }

// all returns the list, the oldest end first, and how often it had changed by then.
func (p *pendingEnds) all() ([]pendingEnd, uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := slices.AppendSeq(make([]pendingEnd, 0, len(p.byID)), maps.Values(p.byID))
	slices.SortFunc(all, func(a, b pendingEnd) int { return a.tombstone.EndedAt.Compare(b.tombstone.EndedAt) })
	return all, p.changes
}

// size returns how many ends are on the list, and how often it had changed by then.
func (p *pendingEnds) size() (ends int, changes uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.byID), p.changes
}

func (p *pendingEnds) has(id ID) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, listed := p.byID[id]
	return listed
}

// unstored returns the tombstone of an end that is not in the store, as far as this node knows, or
// nil.
func (p *pendingEnds) unstored(id ID) *Record {
	p.mu.Lock()
	defer p.mu.Unlock()
	if e, listed := p.byID[id]; listed && !e.stored {
		return e.tombstone
	}
	return nil
}

// withToken returns the end with the refresh token of a record added, if that must be revoked.
func (e pendingEnd) withToken(rec *Record) pendingEnd {
	if rec.Unrevoked && !slices.Contains(e.tokens, rec.RefreshTokenID) {
		e.tokens = append(slices.Clip(e.tokens), rec.RefreshTokenID)
	}
	return e
}

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
