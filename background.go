package latchkey

import (
	"context"
	"time"
)

const (
	sweepEvery       = time.Hour
	revokeRetryFirst = time.Second
	revokeRetryMost  = time.Minute
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
	save := time.NewTimer(saveEvery)
	save.Stop()
	defer save.Stop()
	wait := revokeRetryFirst
	look := time.NewTimer(0)
	look.Stop()
	var written *ID // by another node
	away := false   // the provider, when it was asked last
	catchUp := func() {
		done := false
		g.contain(ctx, "ends", func() error { done, away = g.catchUp(ctx); return nil })
		if done {
			wait = revokeRetryFirst
			retry.Stop()
			return
		}
		retry.Reset(wait)
		wait = min(2*wait, revokeRetryMost)
		g.saveSoon(save)
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-flush.C:
			if err := g.contain(ctx, "last uses", func() error { return g.flushLastSeen(ctx) }); err != nil {
				g.failed(ctx, "last uses cannot be stored", "error", err)
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
			if away { // each logout must not ask it for all that is left: retry does
				g.contain(ctx, "ends", func() error { g.storeEnds(ctx); return nil })
				g.saveSoon(save)
				continue
			}
			catchUp()
		case <-retry.C:
			catchUp()
		case <-save.C:
			g.saveEnds(ctx)
		}
	}
}

// catchUp stores and revokes what is left to do. It returns false when it must be tried again, and whether that is because the provider is away.
func (g *Guard) catchUp(ctx context.Context) (done, away bool) {
	stored, r := g.storeEnds(ctx), &revocations{guard: g}
	revoked := g.revokeOwed(ctx, r)
	if !g.revokePending(ctx, r) || !stored || !revoked {
		return false, r.givenUp()
	}
	if err := g.file.save(g.app, &g.ends.owed); err != nil {
		g.log.ErrorContext(ctx, "stored ends cannot be taken out of the file", "app", g.app, "error", err)
	}
	return true, false
}

// storeEnds brings the store and the file up to date with the ends that this node knows. It returns false when it must be tried again.
func (g *Guard) storeEnds(ctx context.Context) bool {
	if g.lossy.Swap(false) && !g.recheckEnds(ctx) {
		g.lossy.Store(true)
	}
	g.saveEnds(ctx)
	sure, stored := g.resolveDoubts(ctx), g.storeOwed(ctx)
	return sure && stored && !g.lossy.Load()
}

// failed tells of work in the background that failed, and that will be tried again. What a closing guard
// breaks off is left to the next one, and is no failure.
func (g *Guard) failed(ctx context.Context, what string, args ...any) {
	if ctx.Err() != context.Canceled {
		g.log.WarnContext(ctx, what, append([]any{"app", g.app}, args...)...)
	}
}

func (g *Guard) sweep(ctx context.Context) {
	sweeper, ok := g.config.Store.(Sweeper)
	if !ok {
		return
	}
	removed, err := sweeper.Sweep(ctx, g.now())
	if err != nil {
		g.failed(ctx, "store cannot be swept", "error", err)
		return
	}
	g.log.InfoContext(ctx, "store swept", "app", g.app, "removed", removed)
}

// wake tells the background work that there is something to store or to revoke.
func (g *Guard) wake() {
	select {
	case g.kick <- struct{}{}:
	default: // already told
	}
}
