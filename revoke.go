package latchkey

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
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
