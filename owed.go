package latchkey

import (
	"context"
	"errors"
	"slices"
	"sync"
)

// owed are the ends that this node answers for, each until it is stored and its refresh token is revoked at the provider. The store alone cannot be that list:
// one that loses its newest writes forgets what there is to revoke, and the refresh cookie would bring the session back.
type owed struct {
	mu   sync.Mutex
	ends map[ID]*owedEnd
}

type owedEnd struct {
	tombstone *Record  // as it is stored, or is to be
	stored    bool     // as far as this node knows
	tokens    []string // ids of refresh tokens that are to be revoked
}

// maxOwed bounds the list. What is stored is found in the store without it.
const maxOwed = 10_000

// add puts an end on the list, unless it is there.
func (o *owed) add(tombstone *Record, stored bool) {
	if stored && !tombstone.Unrevoked {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ends == nil {
		o.ends = make(map[ID]*owedEnd)
	}
	if o.ends[tombstone.ID] == nil && len(o.ends) < maxOwed {
		e := &owedEnd{tombstone: tombstone, stored: stored}
		e.mustRevoke(tombstone)
		o.ends[tombstone.ID] = e
	}
}

func (o *owed) all() []*owedEnd {
	o.mu.Lock()
	defer o.mu.Unlock()
	all := make([]*owedEnd, 0, len(o.ends))
	for _, e := range o.ends {
		all = append(all, e)
	}
	slices.SortFunc(all, func(a, b *owedEnd) int { return a.tombstone.EndedAt.Compare(b.tombstone.EndedAt) })
	return all
}

func (o *owed) has(id ID) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.ends[id] != nil
}

func (o *owed) remove(id ID) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.ends, id)
}

// mustRevoke adds the refresh token of a record.
func (e *owedEnd) mustRevoke(rec *Record) {
	if rec.Unrevoked && !slices.Contains(e.tokens, rec.RefreshTokenID) {
		e.tokens = append(e.tokens, rec.RefreshTokenID)
	}
}

// settleOwed stores what is owed, revokes its refresh tokens, though the store be away, and notes in the store that this is done.
// One that cannot be revoked holds up no other. It returns false when it must be tried again.
func (g *Guard) settleOwed(ctx context.Context) bool {
	owed := g.ends.owed.all()
	done := g.storeOwed(ctx, owed)
	for _, e := range owed {
		if err := g.revokeOwed(ctx, e); err != nil {
			g.log.WarnContext(ctx, "refresh token not revoked yet", "app", g.app, "session", e.tombstone.ID, "error", err)
			done = false
			continue
		}
		if !e.stored {
			continue
		}
		if err := g.storeRevoked(ctx, e); err != nil {
			g.log.WarnContext(ctx, "it cannot be stored that a refresh token is revoked", "app", g.app, "session", e.tombstone.ID, "error", err)
			done = false
			continue
		}
		g.ends.owed.remove(e.tombstone.ID)
	}
	return done
}

// storeOwed stores the ends that are not stored, until the store fails.
func (g *Guard) storeOwed(ctx context.Context, owed []*owedEnd) bool {
	done := true
	for _, e := range owed {
		if e.stored {
			continue
		}
		rec, err := g.store.Get(ctx, e.tombstone.ID)
		err = g.restoreOwed(ctx, e, rec, err)
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

func (g *Guard) revokeOwed(ctx context.Context, e *owedEnd) error {
	for len(e.tokens) > 0 {
		if err := g.revoke(ctx, e.tokens[0]); err != nil {
			return err
		}
		e.tokens = e.tokens[1:]
	}
	if e.tombstone.Unrevoked {
		revoked := *e.tombstone
		revoked.Unrevoked = false
		e.tombstone = &revoked
		g.ends.note(e.tombstone)
	}
	return nil
}

// storeRevoked writes what is revoked by now over the tombstone that is stored, whatever has become of it there.
func (g *Guard) storeRevoked(ctx context.Context, e *owedEnd) error {
	err := g.store.Swap(ctx, e.tombstone.next())
	if !errors.Is(err, ErrConflict) && !errors.Is(err, ErrNotFound) {
		return err
	}
	rec, err := g.store.Get(ctx, e.tombstone.ID)
	if err := g.restoreOwed(ctx, e, rec, err); err != nil {
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
func (g *Guard) restoreOwed(ctx context.Context, e *owedEnd, rec *Record, err error) error {
	restored, err := g.restore(ctx, e.tombstone, rec, err)
	if err != nil {
		return err
	}
	e.tombstone, e.stored = restored, true
	e.mustRevoke(restored)
	g.ends.note(restored)
	return nil
}

// recheckers is how many ends are looked for in the store at once.
const recheckers = 16

// recheckEnds looks for the ends that this node knows in a store that was away, and owes those that it has lost: it may be another now, or have lost its newest writes.
func (g *Guard) recheckEnds(ctx context.Context) {
	var all sync.WaitGroup
	defer all.Wait()
	turns := make(chan struct{}, recheckers)
	for _, tombstone := range g.ends.all() {
		turns <- struct{}{}
		all.Go(func() {
			defer func() { <-turns }()
			rec, err := g.store.Get(ctx, tombstone.ID)
			if err == nil && !rec.ended() || err != nil && tombstone.Deadline.After(g.now()) {
				g.ends.owed.add(tombstone, false)
			}
		})
	}
}
