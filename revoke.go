package latchkey

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
)

// revocations are asked of the provider one after the other, until it fails several times in a row: then
// it is away, and the others wait for the next time. Each logout would else ask it for all that are left.
type revocations struct {
	guard    *Guard
	failures int // in a row
}

const (
	revokeFailures = 3 // fewer may be the trouble of one token
	revokeBatch    = 100
)

var errGivenUp = errors.New("the provider failed several times in a row, and is asked later")

func (r *revocations) givenUp() bool { return r.failures >= revokeFailures }

func (r *revocations) revoke(ctx context.Context, refreshTokenID string) error {
	if r.givenUp() {
		return errGivenUp
	}
	if err := r.guard.revoke(ctx, refreshTokenID); err != nil {
		r.failures++
		return err
	}
	r.failures = 0
	return nil
}

// revokeOwed revokes the refresh tokens of the ends that this node owes, though the store be away, and notes in the store
// that this is done. One that cannot be revoked holds up no other: they come in any order. It returns false when it must be tried again.
func (g *Guard) revokeOwed(ctx context.Context, r *revocations) bool {
	if !g.ends.owed.enter(ctx) {
		return false
	}
	defer g.ends.owed.leave()
	owed, _ := g.ends.owed.all()
	rand.Shuffle(len(owed), func(i, j int) { owed[i], owed[j] = owed[j], owed[i] })
	done, left := true, 0
	for _, e := range owed {
		if ctx.Err() != nil {
			return false
		}
		switch err := g.contain(ctx, "ends", func() error { return g.settle(ctx, e, r) }); {
		case errors.Is(err, errGivenUp):
			left++
			done = false
		case err != nil:
			g.failed(ctx, "refresh token of an ended session not revoked yet", "session", e.tombstone.ID, "error", err)
			done = false
		}
	}
	if left > 0 {
		g.failed(ctx, "refresh tokens of ended sessions not revoked yet", "sessions", left, "error", errGivenUp)
	}
	return done
}

// revokePending revokes the refresh tokens of ended sessions. The queue is the store itself, so it survives a crash.
// What this node owes is left to revokeOwed. One that cannot be revoked holds up no other: where the provider is away, the
// next time goes on behind it. It returns false when it must be tried again.
func (g *Guard) revokePending(ctx context.Context, r *revocations) bool {
	after := g.pendingAfter
	done := after == ID{} // else some come before it
	for {
		pending, err := g.store.Unrevoked(ctx, g.app, after, revokeBatch)
		if err != nil {
			g.failed(ctx, "ended sessions cannot be listed", "error", err)
			return false
		}
		last := after
		for _, rec := range pending {
			if bytes.Compare(rec.ID[:], last[:]) > 0 {
				last = rec.ID
			}
			if g.ends.owed.has(rec.ID) || !g.revocable(ctx, rec) {
				continue
			}
			if r.givenUp() || ctx.Err() != nil {
				return false
			}
			if err := g.contain(ctx, "ends", func() error { return g.revokeEnded(ctx, rec, r) }); err != nil {
				g.failed(ctx, "refresh token not revoked yet", "session", rec.ID, "error", err)
				done = false
			}
			g.pendingAfter = rec.ID
		}
		if len(pending) < revokeBatch || last == after {
			g.pendingAfter = ID{}
			return done
		}
		after = last
	}
}

func (g *Guard) revokeEnded(ctx context.Context, rec *Record, r *revocations) error {
	if err := r.revoke(ctx, rec.RefreshTokenID); err != nil {
		return err
	}
	next := rec.next()
	next.Unrevoked = false
	return g.store.Swap(ctx, next)
}

func (g *Guard) revoke(ctx context.Context, refreshTokenID string) error {
	ctx, cancel := context.WithTimeout(ctx, g.config.ProviderTimeout)
	defer cancel()
	return g.contain(ctx, "provider", func() error { return g.provider.Revoke(ctx, refreshTokenID) })
}

// revokeOnce revokes a refresh token that no session has any more. It is worthless to everyone but a thief of our keys: one try will do.
func (g *Guard) revokeOnce(ctx context.Context, refreshTokenID string) {
	if refreshTokenID == "" {
		return
	}
	if err := g.revoke(context.WithoutCancel(ctx), refreshTokenID); err != nil {
		g.log.WarnContext(ctx, "refresh token not revoked", "app", g.app, "error", err)
	}
}
