package latchkey

import (
	"context"
	"crypto/sha256"
	"errors"
	"sync/atomic"
	"time"

	"github.com/latchkey-dev/latchkey/internal/fresh"
)

// A notBefore ends every session of the app that started before a time (EndAppSessions). It is
// stored as a tombstone under an id that no session has, so that every store keeps and reports it
// like any other. It is read before anything is decided about a session.
//
// It is read again if it is stale, that is, the store has reported a change of it; and, without a
// store that reports changes just now, if the lease of the last read has run out.
type notBefore struct {
	id     ID
	newest atomic.Pointer[Record] // nil: none
	stale  atomic.Bool
	lease  *fresh.Lease // of the last read
	// held by the request that reads it. Not a mutex: those that wait for it may give up
	reading chan struct{}
}

func (n *notBefore) init(app string) {
	sum := sha256.Sum256([]byte("latchkey: all sessions end\x00" + app))
	n.id = ID(sum[:16])
	n.reading = make(chan struct{}, 1)
	n.lease = fresh.NewLease()
	n.stale.Store(true)
}

// reason says why a session that began then is over, or "".
func (n *notBefore) reason(began time.Time) EndReason {
	if newest := n.newest.Load(); newest != nil && began.Before(newest.EndedAt) {
		return newest.EndReason
	}
	return ""
}

// advance keeps the later one, and returns it.
func (n *notBefore) advance(tombstone *Record) *Record {
	for {
		known := n.newest.Load()
		if known != nil && !known.EndedAt.Before(tombstone.EndedAt) {
			return known
		}
		if n.newest.CompareAndSwap(known, tombstone) {
			return tombstone
		}
	}
}

// refresh reads the notBefore with get, if what is known of it may be old. watched says that the
// store reports changes just now.
func (n *notBefore) refresh(ctx context.Context, watched bool, get func(context.Context, ID) (*Record, error)) error {
	if !n.stale.Load() && watched {
		return nil
	}
	select {
	case n.reading <- struct{}{}:
		defer func() { <-n.reading }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if !n.stale.Load() && n.lease.Holds() {
		return nil
	}
	asOf := time.Now()
	n.stale.Store(false) // before the read: a change that is reported meanwhile counts
	tombstone, err := get(ctx, n.id)
	switch {
	case err == nil:
		n.advance(tombstone)
	case !errors.Is(err, ErrNotFound):
		n.stale.Store(true)
		return err
	}
	n.lease.Extend(asOf)
	return nil
}
