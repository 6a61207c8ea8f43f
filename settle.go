package latchkey

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
)

// storeOwed stores the ends that are not stored, until the store fails. It returns false when it must be tried again.
func (g *Guard) storeOwed(ctx context.Context) bool {
	if !g.ends.owed.enter(ctx) {
		return false
	}
	defer g.ends.owed.leave()
	done := true
	owed, _ := g.ends.owed.all()
	for _, e := range owed {
		if e.stored {
			continue
		}
		if len(e.tokens) == 0 && !g.now().Before(e.tombstone.Deadline) {
			g.ends.owed.remove(e.tombstone.ID) // no cookie of it is alive
			continue
		}
		err := g.contain(ctx, "ends", func() error {
			rec, err := g.store.Get(ctx, e.tombstone.ID)
			_, err = g.restoreOwed(ctx, e, rec, err)
			return err
		})
		if err != nil {
			g.failed(ctx, "an end is not stored yet", "session", e.tombstone.ID, "error", err)
			done = false
		}
		if err != nil && !errors.Is(err, ErrConflict) && !errors.Is(err, errForeignRecord) {
			break // the store is away
		}
	}
	return done
}

// settle revokes an end's refresh tokens and, where the end is stored, notes that in the store.
func (g *Guard) settle(ctx context.Context, e owedEnd, r *revocations) error {
	for len(e.tokens) > 0 {
		if err := r.revoke(ctx, e.tokens[0]); err != nil {
			return err
		}
		e.tokens = e.tokens[1:]
		g.ends.owed.put(e)
	}
	if e.tombstone.Unrevoked {
		revoked := *e.tombstone
		revoked.Unrevoked = false
		e.tombstone = &revoked
		g.ends.note(e.tombstone)
		g.ends.owed.put(e)
	}
	if !e.stored {
		return nil
	}
	if err := g.storeRevoked(ctx, e); err != nil {
		return err
	}
	g.ends.owed.remove(e.tombstone.ID)
	return nil
}

// storeRevoked writes what is revoked by now over the tombstone that is stored, whatever has become of it there.
func (g *Guard) storeRevoked(ctx context.Context, e owedEnd) error {
	err := g.store.Swap(ctx, e.tombstone.next())
	if !errors.Is(err, ErrConflict) && !errors.Is(err, ErrNotFound) {
		return err
	}
	rec, err := g.store.Get(ctx, e.tombstone.ID)
	e, err = g.restoreOwed(ctx, e, rec, err)
	if err != nil {
		return err
	}
	if len(e.tokens) > 0 {
		return errAnotherToken
	}
	return nil
}

// errAnotherToken is found where a session had come back to life with another refresh token.
var errAnotherToken = errors.New("the session had another refresh token, which is to be revoked, too")

// restoreOwed writes an end over what Get has returned.
func (g *Guard) restoreOwed(ctx context.Context, e owedEnd, rec *Record, err error) (owedEnd, error) {
	restored, err := g.restore(ctx, e.tombstone, rec, err)
	if err != nil {
		return e, err
	}
	e.tombstone, e.stored = restored, true
	e = e.mustRevoke(restored)
	g.ends.owed.put(e)
	g.ends.note(restored)
	return e, nil
}

// recheckers is how many ends are looked for in the store at once.
const recheckers = 16

// recheckEnds looks for the ends that this node knows in a store that was away, and owes those that
// it has lost: it may be another now, or have lost its newest writes. It returns false where they are too many to be owed at once.
func (g *Guard) recheckEnds(ctx context.Context) bool {
	var all sync.WaitGroup
	var left atomic.Bool
	turns := make(chan struct{}, recheckers)
	for _, tombstone := range g.ends.all() {
		turns <- struct{}{}
		all.Go(func() {
			defer func() { <-turns }()
			var rec *Record
			err := g.contain(ctx, "store", func() (err error) {
				rec, err = g.store.Get(ctx, tombstone.ID)
				return err
			})
			if (err == nil && !rec.ended() || err != nil && tombstone.Deadline.After(g.now())) && !g.ends.owed.add(tombstone, false) {
				left.Store(true)
			}
		})
	}
	all.Wait()
	return !left.Load()
}
