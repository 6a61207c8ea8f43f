package latchkey

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// revocations asks the provider for one revocation after the other, until it fails several times in
// a row. Then it counts as unavailable, and the rest wait for the next run; otherwise each logout
// would retry all of them.
type revocations struct {
	send     func(ctx context.Context, refreshTokenID string) error
	failures int // in a row
}

const (
	revokeFailures = 3 // fewer may be due to one token
	revokeBatch    = 100
)

var errGivenUp = errors.New("the provider failed several times in a row: retrying later")

func (r *revocations) givenUp() bool { return r.failures >= revokeFailures }

func (r *revocations) revoke(ctx context.Context, refreshTokenID string) error {
	if r.givenUp() {
		return errGivenUp
	}
	if err := r.send(ctx, refreshTokenID); err != nil {
		r.failures++
		return err
	}
	r.failures = 0
	return nil
}

// revokePending revokes the refresh tokens of the pending ends, even if the store is down, and
// records the revocations. A token that cannot be revoked holds up no other: they come in any
// order. It returns false if it must be tried again.
func (l *ledger) revokePending(ctx context.Context, r *revocations) bool {
	if !l.pending.enter(ctx) {
		return false
	}
	defer l.pending.leave()
	all, _ := l.pending.all()
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	done, left := true, 0
	for _, e := range all {
		if ctx.Err() != nil {
			return false
		}
		switch err := l.contain(ctx, "ends", func() error { return l.finish(ctx, e, r) }); {
		case errors.Is(err, errGivenUp):
			left++
			done = false
		case err != nil:
			l.retryLater(ctx, "refresh token of an ended session not revoked yet", "session", e.tombstone.ID, "error", err)
			done = false
		}
	}
	if left > 0 {
		l.retryLater(ctx, "refresh tokens of ended sessions not revoked yet", "sessions", left, "error", errGivenUp)
	}
	return done
}

// finish revokes the refresh tokens of a pending end. If the end is stored, it records that there,
// and the end is no longer pending.
func (l *ledger) finish(ctx context.Context, e pendingEnd, r *revocations) error {
	for _, token := range e.tokens {
		if err := r.revoke(ctx, token); err != nil {
			return err
		}
		l.pending.setTokenRevoked(e.tombstone.ID, token)
	}
	revoked := *e.tombstone
	revoked.Unrevoked = false
	if e.tombstone.Unrevoked {
		l.tombstones.Set(revoked.ID, &revoked)
		l.pending.setRevoked(&revoked)
	}
	if !e.stored {
		return nil
	}
	if err := l.storeRevoked(ctx, &revoked); err != nil {
		return err
	}
	if !l.pending.removeDone(revoked.ID) {
		return errNotDone
	}
	return nil
}

// errNotDone means that a session had come back to life, with another refresh token.
var errNotDone = errors.New("the session has another refresh token, which is revoked next")

// storeRevoked writes a tombstone whose refresh token is revoked over the one that is stored,
// whatever has become of it there.
func (l *ledger) storeRevoked(ctx context.Context, tombstone *Record) error {
	err := l.Swap(ctx, tombstone.next())
	if errors.Is(err, ErrConflict) || errors.Is(err, ErrNotFound) {
		return l.restorePending(ctx, tombstone)
	}
	return err
}

// revokeQueue revokes the refresh tokens of the ended sessions that the store lists. That queue
// survives a crash of this process. Pending ends are left to revokePending. A token that cannot be
// revoked does not block others: if the provider is unavailable, the next run continues after it.
// It returns false if it must be tried again.
func (l *ledger) revokeQueue(ctx context.Context, r *revocations) bool {
	after := l.queueAfter
	done := after == ID{} // else some come before it
	for {
		page, err := l.store.Unrevoked(ctx, l.app, after, revokeBatch)
		if err != nil {
			l.retryLater(ctx, "cannot list ended sessions", "error", err)
			return false
		}
		last := after
		for _, rec := range page {
			if bytes.Compare(rec.ID[:], last[:]) > 0 {
				last = rec.ID
			}
			if l.pending.has(rec.ID) || !l.store.checkQueued(ctx, rec) {
				continue
			}
			if r.givenUp() || ctx.Err() != nil {
				return false
			}
			if err := l.contain(ctx, "ends", func() error { return l.revokeQueued(ctx, rec, r) }); err != nil {
				l.retryLater(ctx, "refresh token not revoked yet", "session", rec.ID, "error", err)
				done = false
			}
			l.queueAfter = rec.ID
		}
		if len(page) < revokeBatch || last == after {
			l.queueAfter = ID{}
			return done
		}
		after = last
	}
}

func (l *ledger) revokeQueued(ctx context.Context, rec *Record, r *revocations) error {
	if err := r.revoke(ctx, rec.RefreshTokenID); err != nil {
		return err
	}
	next := rec.next()
	next.Unrevoked = false
	return l.Swap(ctx, next)
}

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
