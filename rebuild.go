package latchkey

import (
	"context"
	"errors"
	"fmt"

	"github.com/latchkey-dev/latchkey/internal/rotation"
)

// rebuild is rule 5: the store has no record of the session, or an older one than the cookie. What is
// sealed in the refresh cookie makes the session whole again, if the provider still takes its token
// and names the same user. Losing the store logs nobody out.
func (g *Guard) rebuild(ctx context.Context, p presented) (authOutcome, error) {
	ctx, cancel := context.WithTimeout(ctx, g.config.ProviderTimeout+storeTimeout)
	defer cancel()
	now, c := g.now(), p.sealed
	if !now.Before(c.deadline) {
		return ended(EndAbsoluteTimeout), nil
	}
	older, err := g.ledger.Get(ctx, p.id, p.userID)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return authOutcome{}, err
	}
	if err := servable(older, c.unknown); err != nil {
		return authOutcome{}, err
	}
	if reason := g.ledger.notBefore.reason(c.createdAt); reason != "" && older == nil {
		return ended(reason), nil
	}
	if older != nil && g.rules.judge(older, &p, now).Action != rotation.Rebuild {
		return authOutcome{}, errJudgeAgain // another node was faster
	}
	if err := g.upstream.admit(ctx, c.userID); err != nil {
		return authOutcome{}, err
	}
	grant, err := g.upstream.refresh(ctx, p.id, Renewal{RefreshToken: c.token, User: User{ID: c.userID}, Device: p.from})
	if refused(err) {
		return ended(EndRefreshRefused), nil
	}
	if err != nil {
		return authOutcome{}, fmt.Errorf("rebuild: %w", err)
	}
	if grant.User.ID != c.userID {
		g.upstream.rejectWrongUser(ctx, p.id, c.userID, grant)
		return ended(EndRefreshRefused), nil
	}
	return g.storeRebuilt(ctx, p, older, grant)
}

func (g *Guard) storeRebuilt(ctx context.Context, p presented, older *Record, grant Grant) (authOutcome, error) {
	now, c, b := g.now(), p.sealed, newBranch()
	next := g.granted(rotation.Rotate, &Record{
		ID: p.id, App: g.app, RefreshTokenID: c.tokenID, Persistent: c.persistent,
		Device:          Device{UserAgent: p.from.UserAgent, IP: p.from.IP, PublicKey: c.publicKey},
		AuthenticatedAt: c.authenticatedAt, AuthMethods: c.authMethods, CreatedAt: c.createdAt, Deadline: c.deadline,
		Generation: p.generation, Settled: p.branch.digest(), // it becomes the parent
		extra: &extra{unknown: c.unknown},
	}, grant, now)
	next.Rebuilt = true
	write := g.ledger.Create
	if older != nil {
		next.Version, write = older.Version+1, g.ledger.Swap
	}
	if err := write(ctx, next); err != nil {
		if rec, readErr := g.ledger.Get(ctx, p.id, p.userID); readErr == nil && rec.ended() {
			g.upstream.revokeOnce(ctx, grant.RefreshTokenID) // it came too late
		}
		return authOutcome{}, err // else the provider gives the same successor for the same token once more
	}
	g.emit(ctx, Event{Kind: EventRebuilt, Session: p.id, UserID: c.userID, Device: p.from, Generation: next.Generation})
	pair, err := g.cookies.make(next, b, grant.RefreshToken, p.unknown(), now)
	return authOutcome{kind: outcomeServed, record: next, cookies: pair}, err
}
