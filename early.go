package latchkey

import (
	"context"
	"time"

	"github.com/latchkey-dev/latchkey/internal/flight"
	"github.com/latchkey-dev/latchkey/internal/wire"
)

// tokenMargin is how long a JWT must still live to be handed to a handler without waiting for the
// next one.
const tokenMargin = time.Second

// refreshEarly starts a refresh in the background if the session is served and its JWT is due (rule
// 7).
func (g *Guard) refreshEarly(ctx context.Context, p candidate, found authOutcome) authOutcome {
	now := g.now()
	if found.kind != outcomeServed {
		return found
	}
	if state := found.record.state(); !g.rules.TokenIsDue(&state, now) {
		return found
	}
	renewal, _ := g.flights.Begin(p.ID, p, func() (authOutcome, error) { return g.renew(context.WithoutCancel(ctx), p) })
	if found.record.TokenExpiresAt.Sub(now) < tokenMargin {
		found.renewal = renewal
	}
	return found
}

// freshRecord waits for the refreshes in progress of a session whose JWT has expired, and returns
// the record after them. Otherwise a handler would get an expired JWT when a browser comes back
// after a while. If a refresh fails or takes too long, freshRecord returns the old record.
func (g *Guard) freshRecord(ctx context.Context, old *Record, renewal *flight.Flight[candidate, authOutcome]) (*Record, error) {
	late, cancel := context.WithTimeout(ctx, g.config.ProviderTimeout)
	defer cancel()
	for range maxAttempts {
		_, err := renewal.Wait(late)
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil && !mustJudgeAgain(err):
			return old, nil
		}
		rec, err := g.ledger.Get(ctx, old.ID, renewal.Starter().userID)
		switch {
		case err != nil:
			return old, nil
		case rec.ended():
			return nil, &Problem{Code: wire.CodeLoginRequired, EndReason: rec.EndReason}
		}
		next := g.refreshEarly(ctx, renewal.Starter(), served(rec))
		if old = rec; next.renewal == nil {
			break
		}
		renewal = next.renewal
	}
	return old, nil
}
