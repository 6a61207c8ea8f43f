package latchkey

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// restore writes a tombstone over what has become of its session in the store, and returns what is
// stored then.
func (l *ledger) restore(ctx context.Context, tombstone *Record) (*Record, error) {
	rec, err := l.store.Get(ctx, tombstone.ID)
	switch {
	case errors.Is(err, ErrNotFound):
		return tombstone, l.Create(ctx, tombstone)
	case err != nil:
		return nil, err
	}
	if err := l.store.checkUser(ctx, rec, tombstone.User.ID); err != nil {
		return nil, err
	}
	if l.hasEnd(rec, tombstone) && (tombstone.Unrevoked || !rec.Unrevoked || rec.RefreshTokenID != tombstone.RefreshTokenID) {
		return rec, nil
	}
	next := *tombstone
	next.Version = rec.Version + 1
	if !rec.ended() && rec.RefreshTokenID != next.RefreshTokenID {
		// A session cookie alone does not say which, and a rebuilt session may have another.
		next.RefreshTokenID, next.User, next.Unrevoked = rec.RefreshTokenID, User{ID: rec.User.ID}, rec.RefreshTokenID != ""
	}
	return &next, l.Swap(ctx, &next)
}

// restorePending restores the tombstone of a pending end.
func (l *ledger) restorePending(ctx context.Context, tombstone *Record) error {
	restored, err := l.restore(ctx, tombstone)
	if err != nil {
		return err
	}
	l.tombstones.Set(restored.ID, restored)
	l.pending.setStored(restored)
	l.pending.removeDone(restored.ID)
	return nil
}

// storeAgain stores the end of a session, if this node knows that the store does not have it.
func (l *ledger) storeAgain(ctx context.Context, id ID) error {
	tombstone := l.pending.unstored(id)
	if tombstone == nil {
		return nil
	}
	err := l.restorePending(ctx, tombstone)
	if err == nil {
		l.notify()
	}
	return err
}

// storePending stores the pending ends that are not stored, until the store fails. It returns false
// if it must be tried again.
func (l *ledger) storePending(ctx context.Context) bool {
	if !l.pending.enter(ctx) {
		return false
	}
	defer l.pending.leave()
	done := true
	all, _ := l.pending.all()
	for _, e := range all {
		if e.stored {
			continue
		}
		if len(e.tokens) == 0 && !l.now().Before(e.tombstone.Deadline) {
			l.pending.removeExpired(e.tombstone.ID)
			continue
		}
		err := l.contain(ctx, "ends", func() error { return l.restorePending(ctx, e.tombstone) })
		if err != nil {
			l.retryLater(ctx, "ended session not stored yet", "session", e.tombstone.ID, "error", err)
			done = false
		}
		if err != nil && !errors.Is(err, ErrConflict) && !errors.Is(err, errNotBelieved) {
			break // the store is unavailable
		}
	}
	return done
}

// recheckers is how many reads Recheck makes concurrently.
const recheckers = 16

// Recheck looks in the store for the ends that this node knows, after an outage: the store may be
// another one now, or have lost its newest writes. Missing ends become pending. It returns false if
// there are too many for that.
func (l *ledger) Recheck(ctx context.Context) bool {
	var all sync.WaitGroup
	var full atomic.Bool
	turns := make(chan struct{}, recheckers)
	var known []*Record
	l.tombstones.All(func(_ ID, tombstone *Record) { known = append(known, tombstone) })
	if newest := l.notBefore.newest.Load(); newest != nil {
		known = append(known, newest) // it counts for longer than the tombstones are kept
	}
	for _, tombstone := range known {
		turns <- struct{}{}
		all.Go(func() {
			defer func() { <-turns }()
			if l.mayBeLost(ctx, tombstone) && !l.pending.addUnstored(tombstone) {
				full.Store(true)
			}
		})
	}
	all.Wait()
	return !full.Load()
}

// mayBeLost reports whether the store does not have a tombstone that it should have, or cannot say.
func (l *ledger) mayBeLost(ctx context.Context, tombstone *Record) bool {
	var rec *Record
	err := l.contain(ctx, "store", func() (err error) {
		rec, err = l.store.Get(ctx, tombstone.ID)
		return err
	})
	if err != nil {
		return l.now().Before(tombstone.Deadline)
	}
	return !l.hasEnd(rec, tombstone)
}

// hasEnd reports whether a record from the store says that its session has ended, as a tombstone
// does. Of the ends of all sessions of the app the latest counts.
func (l *ledger) hasEnd(rec, tombstone *Record) bool {
	return rec.ended() && (rec.ID != l.notBefore.id || !rec.EndedAt.Before(tombstone.EndedAt.Truncate(time.Millisecond)))
}
