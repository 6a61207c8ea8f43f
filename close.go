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
	g.ledger.stop()
	err := g.rest(ctx)
	if err == nil {
		err = g.ledger.Flush(ctx)
	}
	return errors.Join(err, g.ledger.Leave(context.WithoutCancel(ctx)))
}

// rest returns when the background work and all refreshes have ended.
func (g *Guard) rest(ctx context.Context) error {
	ended := make(chan struct{})
	go func() {
		g.ledger.running.Wait()
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

// Flush stores what is not stored yet, and revokes what is not revoked.
func (l *ledger) Flush(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, closeTime)
	defer cancel()
	l.confirmAll(ctx)
	l.storePending(ctx)
	l.revokePending(ctx, &revocations{send: l.revoke})
	return l.flushLastSeen(ctx)
}

// Leave hands the pending ends to the next process. The error of the last ledger says what is lost.
func (l *ledger) Leave(ctx context.Context) error {
	last := false
	l.release.Do(func() { last = l.ledgers.Add(-1) == 0 })
	if err := l.file.save(l.app, &l.pending); err != nil {
		return fmt.Errorf("cannot write the ends file, and the sessions may come back: %w", err)
	}
	if !last {
		return nil
	}
	unstored := 0
	pending, _ := l.pending.all()
	for _, e := range pending {
		if !e.stored {
			unstored++
		}
	}
	switch {
	case l.file.path == "" && unstored > 0:
		return fmt.Errorf("the ends of %d sessions are not stored, and these sessions may come back: set Config.EndsFile to keep such ends for the next start", unstored)
	case l.file.path != "" && len(pending) > 0:
		l.log.WarnContext(ctx, "ends of sessions are left to the next start", "app", l.app, "ends", len(pending), "file", l.file.path)
	}
	return nil
}
