package latchkey

import (
	"context"
	"crypto/sha256"
	"errors"
	"sync/atomic"
	"time"
)

// A cutoff is the time before which all sessions of the app began that are over (EndAppSessions). The store has it as a tombstone with an id that no session has,
// so that every store keeps it, and tells of it, as of any other. What it says is known before anything is decided on what the store says of a session.
type cutoff struct {
	id     ID
	newest atomic.Pointer[Record] // nil: none
	told   atomic.Bool            // it may have changed since it was read

	turn chan struct{} // taken by the request that asks the store. Not a mutex: those that wait for it may give up
	read time.Time     // when the store was asked last
}

func (c *cutoff) init(app string) {
	sum := sha256.Sum256([]byte("latchkey: all sessions end\x00" + app))
	c.id = ID(sum[:16])
	c.turn = make(chan struct{}, 1)
	c.told.Store(true)
}

// ends tells why a session that began then is over, or "".
func (c *cutoff) ends(began time.Time) EndReason {
	if newest := c.newest.Load(); newest != nil && began.Before(newest.EndedAt) {
		return newest.EndReason
	}
	return ""
}

// raise keeps the later one.
func (c *cutoff) raise(tombstone *Record) {
	for {
		known := c.newest.Load()
		if known != nil && !known.EndedAt.Before(tombstone.EndedAt) || c.newest.CompareAndSwap(known, tombstone) {
			return
		}
	}
}

// learnCutoff asks the store for the cutoff, unless nothing can have changed: the store tells of changes, or was asked just now.
func (g *Guard) learnCutoff(ctx context.Context) error {
	c := &g.cutoff
	if !c.told.Load() && g.cache.isFresh() {
		return nil
	}
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	now := g.now()
	if !c.told.Load() && now.Sub(c.read).Abs() < freshFor {
		return nil
	}
	c.told.Store(false) // before the store is asked: what is told meanwhile counts
	tombstone, err := g.readTombstone(ctx, c.id)
	switch {
	case err == nil:
		c.raise(tombstone)
	case !errors.Is(err, ErrNotFound):
		c.told.Store(true)
		return err
	}
	c.read = now
	return nil
}

// EndAppSessions ends every session of the app that began before a time, because the provider or an administrator says so: all at once, however many there are. Nodes that share the store know it as soon
// as they know of any other end. Each session gets its own tombstone, and its refresh token is revoked, when its cookies are presented next.
func (g *Guard) EndAppSessions(ctx context.Context, before time.Time, reason EndReason) error {
	now := g.now()
	if before.IsZero() {
		return nil // none began before that
	}
	if before.After(now) {
		before = now
	}
	for range maxAttempts {
		stored, err := g.readTombstone(ctx, g.cutoff.id)
		next := &Record{ID: g.cutoff.id, Version: 1, App: g.app, CreatedAt: before, LastSeenAt: before, Deadline: now.Add(g.limits.absolute), EndedAt: before, EndReason: reason}
		switch {
		case err == nil && !stored.EndedAt.Before(before.Truncate(time.Millisecond)):
			next = stored
		case err == nil:
			next.Version = stored.Version + 1
			err = g.store.Swap(ctx, next)
		case errors.Is(err, ErrNotFound):
			err = g.store.Create(ctx, next)
		}
		if err == nil {
			g.cutoff.raise(next)
			g.ends.note(next)
			g.log.InfoContext(ctx, "all sessions end", "app", g.app, "begun_before", before, "reason", reason)
			return nil
		}
		if !errors.Is(err, ErrConflict) && !errors.Is(err, ErrNotFound) {
			return err
		}
	}
	return errContention
}

// judge applies the cutoff, and then the rules.
func (g *Guard) judge(rec *Record, p presented, now time.Time) verdict {
	if reason := g.cutoff.ends(rec.CreatedAt); reason != "" && !rec.ended() {
		return verdict{action: end, reason: reason}
	}
	return g.limits.judge(rec, p, g.lastUse(rec), now)
}
