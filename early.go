package latchkey

import (
	"context"
	"time"

	"github.com/latchkey-dev/latchkey/internal/wire"
)

// tokenMargin is how long a JWT must still live to be handed to a handler without waiting for the next one.
const tokenMargin = time.Second

// refreshEarly starts a refresh in the background if the session is served and its JWT is due (rule 7).
func (g *Guard) refreshEarly(ctx context.Context, p presented, found authOutcome) authOutcome {
	now := g.now()
	if found.kind != outcomeServed {
		return found
	}
	if state := found.record.state(); !g.rules.TokenIsDue(&state, now) {
		return found
	}
	renewal, _ := g.flights.begin(p, func() (authOutcome, error) { return g.renew(context.WithoutCancel(ctx), p) })
	if found.record.TokenExpiresAt.Sub(now) < tokenMargin {
		found.renewal = renewal
	}
	return found
}

// freshRecord waits for the refreshes under way of a session whose JWT has expired, and returns its
// record after them: a browser that comes back after a while would hand the handler a JWT that others
// refuse. If a refresh fails, or takes too long, the record stays the old one.
func (g *Guard) freshRecord(ctx context.Context, old *Record, renewal *flight) (*Record, error) {
	late := time.NewTimer(g.config.ProviderTimeout)
	defer late.Stop()
	for range maxAttempts {
		select {
		case <-renewal.done:
		case <-late.C:
			return old, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		if renewal.err != nil && !mustJudgeAgain(renewal.err) {
			return old, nil
		}
		rec, err := g.ledger.Get(ctx, old.ID, renewal.began.userID)
		switch {
		case err != nil:
			return old, nil
		case rec.ended():
			return nil, &Problem{Code: wire.CodeLoginRequired, EndReason: rec.EndReason}
		}
		next := g.refreshEarly(ctx, renewal.began, served(rec))
		if old = rec; next.renewal == nil {
			break
		}
		renewal = next.renewal
	}
	return old, nil
}
