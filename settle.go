package latchkey

import (
	"context"
	"errors"
	"sync"
)

// settleOwed stores what is owed, revokes its refresh tokens, though the store be away, and notes in
// the store that this is done. One that cannot be revoked holds up no other. It returns false when it
// must be tried again.
func (g *Guard) settleOwed(ctx context.Context) bool {
	select {
	case g.ends.owed.turn <- struct{}{}:
		defer func() { <-g.ends.owed.turn }()
	case <-ctx.Done():
		return false
	}
	done := g.storeOwed(ctx)
	owed, _ := g.ends.owed.all()
	for _, e := range owed {
		if ctx.Err() != nil {
			return false
		}
		if err := g.contain(ctx, "ends", func() error { return g.settle(ctx, e) }); err != nil {
			g.log.WarnContext(ctx, "refresh token of an ended session not revoked yet", "app", g.app, "session", e.tombstone.ID, "error", err)
			done = false
		}
	}
	return done
}

// storeOwed stores the ends that are not stored, until the store fails.
func (g *Guard) storeOwed(ctx context.Context) bool {
	done := true
	owed, _ := g.ends.owed.all()
	for _, e := range owed {
		if e.stored {
			continue
		}
		err := g.contain(ctx, "ends", func() error {
			rec, err := g.store.Get(ctx, e.tombstone.ID)
			_, err = g.restoreOwed(ctx, e, rec, err)
			return err
		})
		if err != nil {
			g.log.WarnContext(ctx, "an end is not stored yet", "app", g.app, "session", e.tombstone.ID, "error", err)
			done = false
		}
		if err != nil && !errors.Is(err, ErrConflict) {
			break
		}
	}
	return done
}

// settle revokes an end's refresh tokens and, where the end is stored, notes that in the store.
func (g *Guard) settle(ctx context.Context, e owedEnd) error {
	for len(e.tokens) > 0 {
		if err := g.revoke(ctx, e.tokens[0]); err != nil {
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
// it has lost: it may be another now, or have lost its newest writes.
func (g *Guard) recheckEnds(ctx context.Context) {
	var all sync.WaitGroup
	defer all.Wait()
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
			if err == nil && !rec.ended() || err != nil && tombstone.Deadline.After(g.now()) {
				g.ends.owed.add(tombstone, false)
			}
		})
	}
}
