package latchkey

import (
	"context"
	"time"
)

const (
	sweepEvery       = time.Hour
	revokeRetryFirst = time.Second
	revokeRetryMost  = time.Minute
	revokeBatch      = 100
)

// background stores last uses, sweeps the store, and revokes refresh tokens at the provider until ctx ends.
func (g *Guard) background(ctx context.Context) {
	defer close(g.done)
	flush := time.NewTicker(max(g.limits.idle/10, time.Millisecond))
	defer flush.Stop()
	sweep := time.NewTicker(sweepEvery)
	defer sweep.Stop()
	retry := time.NewTimer(0) // what an earlier process left unrevoked
	defer retry.Stop()
	wait := revokeRetryFirst
	look := time.NewTimer(0)
	look.Stop()
	var written *ID // by another node
	catchUp := func() {
		settled := false
		g.contain(ctx, "ends", func() error { settled = g.catchUp(ctx); return nil })
		if settled {
			wait = revokeRetryFirst
			retry.Stop()
			return
		}
		retry.Reset(wait)
		wait = min(2*wait, revokeRetryMost)
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-flush.C:
			if err := g.contain(ctx, "last uses", func() error { return g.flushLastSeen(ctx) }); err != nil {
				g.log.WarnContext(ctx, "last uses cannot be stored", "app", g.app, "error", err)
			}
			g.ends.forget(g.now().Add(-g.limits.cap))
		case <-sweep.C:
			g.contain(ctx, "sweep", func() error { g.sweep(ctx); return nil })
			catchUp() // what a node left undone that is no more
		case id := <-g.others:
			if written == nil {
				look.Reset(glimpseAfter)
			}
			written = &id
		case <-look.C:
			g.contain(ctx, "glimpse", func() error { g.glimpse(ctx, *written); return nil })
			written = nil
		case <-g.kick:
			catchUp()
		case <-retry.C:
			catchUp()
		}
	}
}

// catchUp stores and revokes what is left to do, and returns false when it must be tried again.
func (g *Guard) catchUp(ctx context.Context) bool {
	if g.lossy.Swap(false) {
		g.recheckEnds(ctx)
	}
	g.saveEnds(ctx)
	sure, settled := g.resolveDoubts(ctx), g.settleOwed(ctx)
	if !g.revokePending(ctx) || !sure || !settled {
		return false
	}
	if err := g.file.save(g.app, &g.ends.owed); err != nil {
		g.log.ErrorContext(ctx, "stored ends cannot be taken out of the file", "app", g.app, "error", err)
	}
	return true
}

func (g *Guard) sweep(ctx context.Context) {
	sweeper, ok := g.config.Store.(Sweeper)
	if !ok {
		return
	}
	removed, err := sweeper.Sweep(ctx, g.now())
	if err != nil {
		g.log.WarnContext(ctx, "store cannot be swept", "app", g.app, "error", err)
		return
	}
	g.log.InfoContext(ctx, "store swept", "app", g.app, "removed", removed)
}

// revokePending revokes the refresh tokens of ended sessions. The queue is the store itself, so it survives a crash.
// What this node owes is left to settleOwed. One that cannot be revoked holds up no other. It returns false when it must be tried again.
func (g *Guard) revokePending(ctx context.Context) bool {
	done := true
	var after ID
	for {
		pending, err := g.store.Unrevoked(ctx, g.app, after, revokeBatch)
		if err != nil {
			g.log.WarnContext(ctx, "ended sessions cannot be listed", "app", g.app, "error", err)
			return false
		}
		for _, rec := range pending {
			after = rec.ID
			if g.ends.owed.has(rec.ID) {
				continue
			}
			if err := g.contain(ctx, "ends", func() error { return g.revokeEnded(ctx, rec) }); err != nil {
				g.log.WarnContext(ctx, "refresh token not revoked yet", "app", g.app, "session", rec.ID, "error", err)
				done = false
			}
			if ctx.Err() != nil {
				return false
			}
		}
		if len(pending) < revokeBatch {
			return done
		}
	}
}

func (g *Guard) revokeEnded(ctx context.Context, rec *Record) error {
	if err := g.revoke(ctx, rec.RefreshTokenID); err != nil {
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

// wake tells the background work that there is something to store or to revoke.
func (g *Guard) wake() {
	select {
	case g.kick <- struct{}{}:
	default: // already told
	}
}
