package latchkey

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// closeTime bounds how long Close waits for a store and a provider that do not answer.
const closeTime = 5 * time.Second

// Close ends the background work, waits for refreshes that have outlived their requests, and stores
// what is not stored yet: when sessions were last used, and which have ended. Ends that cannot be
// stored go to Config.EndsFile. An error says what is lost: without that file, the ends are. Requests must
// have ended before. The store and the provider stay open.
func (g *Guard) Close(ctx context.Context) error {
	first := false
	g.once.Do(func() { first = true; g.stop() })
	err := g.atRest(ctx)
	if err == nil {
		ctx, cancel := context.WithTimeout(ctx, closeTime)
		defer cancel()
		g.resolveDoubts(ctx)
		g.storeOwed(ctx)
		g.revokeOwed(ctx, &revocations{guard: g})
		err = g.flushLastSeen(ctx)
	}
	last := first && g.guards.Add(-1) == 0
	return errors.Join(err, g.leaveEnds(context.WithoutCancel(ctx), last))
}

// atRest returns when the background work and all refreshes have ended.
func (g *Guard) atRest(ctx context.Context) error {
	ended := make(chan struct{})
	go func() {
		<-g.done
		<-g.watched
		g.flights.running.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// leaveEnds hands what is owed to the next process.
func (g *Guard) leaveEnds(ctx context.Context, last bool) error {
	if err := g.file.save(g.app, &g.ends.owed); err != nil {
		return fmt.Errorf("ended sessions cannot be written down and may come back: %w", err)
	}
	if !last {
		return nil
	}
	unstored := 0
	owed, _ := g.ends.owed.all()
	for _, e := range owed {
		if !e.stored {
			unstored++
		}
	}
	switch {
	case g.file.path == "" && unstored > 0:
		return fmt.Errorf("the ends of %d sessions are not stored, and these sessions may come back: set Config.EndsFile to keep such ends for the next start", unstored)
	case g.file.path != "" && len(owed) > 0:
		g.log.WarnContext(ctx, "ends of sessions are left to the next start", "app", g.app, "ends", len(owed), "file", g.file.path)
	}
	return nil
}

// saveSoon sets off the timer where the file is not up to date.
func (g *Guard) saveSoon(timer *time.Timer) {
	if g.file.behind(&g.ends.owed) {
		timer.Reset(saveEvery)
	}
}

// saveEnds keeps the file up to date, so that a crash forgets little.
func (g *Guard) saveEnds(ctx context.Context) {
	if err := g.file.saveSometimes(g.app, &g.ends.owed, g.now()); err != nil {
		g.log.ErrorContext(ctx, "ended sessions cannot be written down", "app", g.app, "error", err)
	}
}
