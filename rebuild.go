package latchkey

import (
	"context"
	"errors"
	"fmt"

	"github.com/latchkey-dev/latchkey/internal/cookie"
	"github.com/latchkey-dev/latchkey/internal/rotation"
)

// rebuild is rule 5: the store has no record of the session, or an older one than the cookie. What
// is sealed in the refresh cookie makes the session whole again, if the provider still takes its
// token and names the same user. Losing the store logs nobody out.
func (g *Guard) rebuild(ctx context.Context, p candidate) (authOutcome, error) {
	ctx, cancel := context.WithTimeout(ctx, g.config.ProviderTimeout+storeTimeout)
	defer cancel()
	now, c := g.now(), p.sealed
	if !now.Before(c.Deadline) {
		return ended(EndAbsoluteTimeout), nil
	}
	older, err := g.ledger.Get(ctx, p.ID, p.userID)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return authOutcome{}, err
	}
	if err := servable(older, c.Unknown); err != nil {
		return authOutcome{}, err
	}
	if reason := g.ledger.notBefore.reason(c.CreatedAt); reason != "" && older == nil {
		return ended(reason), nil
	}
	if older != nil && g.rules.judge(older, &p.proof, now).Action != rotation.Rebuild {
		return authOutcome{}, errJudgeAgain // another node was faster
	}
	if err := g.upstream.admit(ctx, c.UserID); err != nil {
		return authOutcome{}, err
	}
	grant, err := g.upstream.refresh(ctx, p.ID, Renewal{RefreshToken: Secret(c.Token), User: User{ID: c.UserID}, Device: p.from})
	if refused(err) {
		return ended(EndRefreshRefused), nil
	}
	if err != nil {
		return authOutcome{}, fmt.Errorf("rebuild: %w", err)
	}
	if grant.User.ID != c.UserID {
		g.upstream.rejectWrongUser(ctx, p.ID, c.UserID, grant)
		return ended(EndRefreshRefused), nil
	}
	return g.storeRebuilt(ctx, p, older, grant)
}

func (g *Guard) storeRebuilt(ctx context.Context, p candidate, older *Record, grant Grant) (authOutcome, error) {
	now, c, b := g.now(), p.sealed, cookie.NewBranch()
	next := g.granted(rotation.Rotate, &Record{
		ID: p.ID, App: g.app, RefreshTokenID: c.TokenID, Persistent: c.Persistent,
		Device:          Device{UserAgent: p.from.UserAgent, IP: p.from.IP, PublicKey: c.PublicKey},
		AuthenticatedAt: c.AuthenticatedAt, AuthMethods: c.AuthMethods, CreatedAt: c.CreatedAt, Deadline: c.Deadline,
		Generation: p.Generation, Settled: p.Branch.Digest(), // it becomes the parent
		extra: &extra{unknown: c.Unknown},
	}, grant, now)
	next.Rebuilt = true
	write := g.ledger.Create
	if older != nil {
		next.Version, write = older.Version+1, g.ledger.Swap
	}
	if err := write(ctx, next); err != nil {
		if rec, readErr := g.ledger.Get(ctx, p.ID, p.userID); readErr == nil && rec.ended() {
			g.upstream.revokeOnce(ctx, grant.RefreshTokenID) // it came too late
		}
		// else the provider gives the same successor for the same token once more
		return authOutcome{}, err
	}
	g.emit(ctx, Event{Kind: EventRebuilt, Session: p.ID, UserID: c.UserID, Device: p.from, Generation: next.Generation})
	pair, err := g.cookies.make(next, b, grant.RefreshToken, p.unknown(), now)
	return authOutcome{kind: outcomeServed, record: next, cookies: pair}, err
}
