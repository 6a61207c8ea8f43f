package latchkey

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
)

// owed are the ends that this node answers for, each until it is stored and its refresh token is
// revoked at the provider. The store alone cannot be that list: one that loses its newest writes
// forgets what there is to revoke, and the refresh cookie would bring the session back.
type owed struct {
	mu      sync.Mutex
	ends    map[ID]owedEnd
	changes uint64 // how often the list has changed

	turn chan struct{} // taken by the guard that settles, of those that share the list
}

// An owedEnd is a value: whoever works on one puts what has become of it back on the list.
type owedEnd struct {
	tombstone *Record  // as it is stored, or is to be
	stored    bool     // as far as this node knows
	tokens    []string // ids of refresh tokens that are to be revoked
}

// The list is bounded. From maxSpareOwed on it takes only ends that the store does not know, of sessions whose cookies a browser has:
// so no number of logins that fail while the store is away takes the place of a logout.
const (
	maxOwed      = 100_000 // some 100 MB
	maxSpareOwed = 10_000
)

// add puts an end on the list, unless it is there, and reports whether it is safe: on the list, or in the store, which is found without the list.
func (o *owed) add(tombstone *Record, stored bool) bool {
	switch {
	case stored && !tombstone.Unrevoked:
		return true
	case stored:
		o.addUpTo(maxSpareOwed, owedEnd{tombstone: tombstone, stored: true})
		return true
	}
	return o.addUpTo(maxOwed, owedEnd{tombstone: tombstone})
}

// addUnseen is add for the end of a session whose cookies no browser has. Without it a refresh token outlives its session.
func (o *owed) addUnseen(tombstone *Record) bool {
	return o.addUpTo(maxSpareOwed, owedEnd{tombstone: tombstone})
}

func (o *owed) addUpTo(limit int, e owedEnd) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if _, listed := o.ends[e.tombstone.ID]; listed {
		return true
	}
	if len(o.ends) >= limit {
		return false
	}
	o.set(e.mustRevoke(e.tombstone))
	return true
}

// enter takes the turn, unless ctx ends first.
func (o *owed) enter(ctx context.Context) bool {
	select {
	case o.turn <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

func (o *owed) leave() { <-o.turn }

// put replaces an end on the list, or adds it.
func (o *owed) put(e owedEnd) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.set(e)
}

func (o *owed) set(e owedEnd) {
	if o.ends == nil {
		o.ends = make(map[ID]owedEnd)
	}
	o.ends[e.tombstone.ID] = e
	o.changes++
}

// all returns the list, the oldest end first, and how often it had changed by then.
func (o *owed) all() ([]owedEnd, uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	all := slices.AppendSeq(make([]owedEnd, 0, len(o.ends)), maps.Values(o.ends))
	slices.SortFunc(all, func(a, b owedEnd) int { return a.tombstone.EndedAt.Compare(b.tombstone.EndedAt) })
	return all, o.changes
}

// size returns how many ends are on the list, and how often it had changed by then.
func (o *owed) size() (ends int, changes uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.ends), o.changes
}

func (o *owed) has(id ID) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	_, listed := o.ends[id]
	return listed
}

// unstored returns an error for an end that is known here and, as far as is known, not in the store.
func (o *owed) unstored(id ID) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if e, listed := o.ends[id]; listed && !e.stored {
		return errUnstored
	}
	return nil
}

var errUnstored = errors.New("the session has ended, and the store does not know it yet")

func (o *owed) remove(id ID) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.ends, id)
	o.changes++
}

// mustRevoke returns the end with the refresh token of a record added.
func (e owedEnd) mustRevoke(rec *Record) owedEnd {
	if rec.Unrevoked && !slices.Contains(e.tokens, rec.RefreshTokenID) {
		e.tokens = append(slices.Clip(e.tokens), rec.RefreshTokenID)
	}
	return e
}
