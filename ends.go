package latchkey

import (
	"context"
	"errors"
	"time"

	"github.com/latchkey-dev/latchkey/internal/cookie"
)

// End ends a session, whatever state it is in, and returns once the end is stored. If the store
// does not know the session, the tombstone is made from what its cookie claims: the store may have
// lost it, and another copy of the cookie must not rebuild it (rule 5).
func (l *ledger) End(ctx context.Context, from Device, reason EndReason, claimed *Record) error {
	for range maxAttempts {
		rec, err := l.Get(ctx, claimed.ID, claimed.User.ID)
		switch {
		case err == nil && rec.ended():
			err = l.storeAgain(ctx, rec.ID)
		case err == nil:
			err = l.EndVersion(ctx, rec, from, reason)
		case errors.Is(err, ErrNotFound):
			err = l.storeEnd(ctx, newEnding(claimed.tombstone(l.now(), reason), from), l.Create)
		}
		if !errors.Is(err, ErrConflict) && !errors.Is(err, ErrNotFound) {
			return err
		}
	}
	return errContention
}

// EndVersion ends a session if its record is still this one; else it returns ErrConflict or
// ErrNotFound. The events are reported before the end.
func (l *ledger) EndVersion(ctx context.Context, rec *Record, from Device, reason EndReason, before ...Event) error {
	return l.storeEnd(ctx, newEnding(rec.tombstone(l.now(), reason), from, before...), l.Swap)
}

// EndByCookie is End for a session whose cookie somebody has presented. If the end cannot be
// stored, this node refuses the cookies all the same, and stores the end when it can.
func (l *ledger) EndByCookie(ctx context.Context, from Device, reason EndReason, claimed *Record) error {
	err := l.End(ctx, from, reason, claimed)
	if _, known := l.tombstones.Get(claimed.ID); known || err == nil {
		return err
	}
	e, listed := l.unconfirmed.take(claimed.ID)
	if listed {
		l.tombstones.Set(e.tombstone.ID, e.tombstone)
	} else if e = newEnding(claimed.tombstone(l.now(), reason), from); !l.tombstones.SetFirst(claimed.ID, e.tombstone) {
		return err
	}
	l.cache.Changed(claimed.ID)
	l.endPending(ctx, e)
	return err
}

// EndAbandoned ends a session whose cookies no browser has, and revokes its refresh token. It does
// not wait.
func (l *ledger) EndAbandoned(ctx context.Context, rec *Record) {
	tombstone := rec.tombstone(l.now(), EndLogout)
	l.tombstones.Set(tombstone.ID, tombstone)
	if !l.pending.addAbandoned(tombstone) {
		l.log.WarnContext(ctx, "too many ends are pending: the refresh token of a failed login is not revoked",
			"app", l.app, "user", tombstone.User.ID, "refresh_token", tombstone.RefreshTokenID)
	}
	l.notify()
}

// storeEnd writes an end and reports it. If the write failed but the tombstone is there anyway, the
// write counts as done; if that cannot be known yet, the end is unconfirmed until it is.
func (l *ledger) storeEnd(ctx context.Context, e ending, write func(context.Context, *Record) error) error {
	err := write(ctx, e.tombstone)
	switch {
	case err == nil:
		l.tombstones.Set(e.tombstone.ID, e.tombstone)
		l.endStored(ctx, e)
		return nil
	case errors.Is(err, ErrConflict) || errors.Is(err, ErrNotFound):
		return err
	}
	if !l.unconfirmed.add(e) {
		l.log.ErrorContext(ctx, "too many ends are unconfirmed: if this one is stored, no event reports it", "app", l.app, "session", e.tombstone.ID)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	stored := l.confirm(ctx, e)
	l.notify()
	if stored {
		return nil
	}
	return err
}

// endStored reports an end that the store has.
func (l *ledger) endStored(ctx context.Context, e ending) {
	l.pending.addUnrevoked(e.tombstone)
	l.report(ctx, e)
}

// endPending reports an end that the store does not have yet.
func (l *ledger) endPending(ctx context.Context, e ending) {
	if !l.pending.addUnstored(e.tombstone) {
		l.log.ErrorContext(ctx, "too many ends are pending: this one is kept in memory only, for as long as a session id lives",
			"app", l.app, "session", e.tombstone.ID, "user", e.tombstone.User.ID)
	}
	l.report(ctx, e)
}

func (l *ledger) report(ctx context.Context, e ending) {
	for _, event := range e.events {
		l.emit(ctx, event)
	}
	l.notify()
}

// unconfirmedFor is how long after its time an end may still arrive in the store.
const unconfirmedFor = time.Minute

// confirm asks the store for an unconfirmed end, and reports whether it is there.
func (l *ledger) confirm(ctx context.Context, e ending) (stored bool) {
	rec, err := l.store.Get(ctx, e.tombstone.ID)
	switch {
	case err == nil && e.isIn(rec):
		// before remove, so that no concurrent read reports the end as new
		l.tombstones.Set(e.tombstone.ID, e.tombstone)
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

// maxSessionAge is how long the end of a session with an unknown deadline is kept: the session may
// have started with another Config.AbsoluteTimeout.
const maxSessionAge = cookie.MaxAge

// EndStartedBefore ends all sessions that began before a time.
func (l *ledger) EndStartedBefore(ctx context.Context, before time.Time, reason EndReason) error {
	n := &l.notBefore
	wanted := &Record{
		ID: n.id, App: l.app, CreatedAt: before, LastSeenAt: before, Deadline: l.now().Add(maxSessionAge), EndedAt: before, EndReason: reason,
	}
	if known := n.newest.Load(); known != nil && known.EndedAt.After(before) {
		wanted = known // the store may have lost it
	}
	for range maxAttempts {
		stored, err := l.store.Get(ctx, n.id)
		next := *wanted
		switch {
		case err == nil && !stored.EndedAt.Before(wanted.EndedAt.Truncate(time.Millisecond)):
			next = *stored
		case err == nil:
			next.Version = stored.Version + 1
			err = l.Swap(ctx, &next)
		case errors.Is(err, ErrNotFound):
			next.Version = 1
			err = l.Create(ctx, &next)
		}
		if err == nil {
			n.advance(&next)
			l.tombstones.Set(next.ID, &next)
			return nil
		}
		if !errors.Is(err, ErrConflict) && !errors.Is(err, ErrNotFound) {
			return err
		}
	}
	return errContention
}
