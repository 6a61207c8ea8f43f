package latchkey

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/latchkey-dev/latchkey/internal/cookie"
	"github.com/latchkey-dev/latchkey/internal/rotation"
)

// renew brings an expired session back with its refresh token. It runs once at a time for a session
// on this node, and holds the record's claim against other nodes.
func (g *Guard) renew(ctx context.Context, p candidate) (authOutcome, error) {
	ctx, cancel := context.WithTimeout(ctx, g.config.ProviderTimeout+2*storeTimeout)
	defer cancel()
	rec, err := g.ledger.Get(ctx, p.ID, p.userID)
	if err == nil {
		err = servable(rec, p.unknown())
	}
	if err != nil {
		return authOutcome{}, err
	}
	now := g.now()
	v := g.rules.judge(rec, &p.proof, now)
	due, ok := g.rules.refreshDue(&v, now)
	if !ok {
		return authOutcome{}, errJudgeAgain
	}
	token, err := g.refresh.Open(rec.ID, rec.RefreshToken)
	if err != nil {
		return authOutcome{}, fmt.Errorf("refresh token in the record: %w: was its key removed from the key ring?", err)
	}
	if rec, err = g.claims.take(ctx, rec); err != nil {
		return authOutcome{}, err
	}
	grant, err := g.upstream.refresh(ctx, rec.ID, Renewal{RefreshToken: Secret(token), User: rec.User, Device: p.from})
	switch {
	case refused(err):
		return g.endClaimed(ctx, rec, p, EndRefreshRefused)
	case err != nil:
		g.claims.release(ctx, rec)
		return authOutcome{}, fmt.Errorf("refresh: %w", err)
	case grant.User.ID != rec.User.ID:
		g.upstream.rejectWrongUser(ctx, rec.ID, rec.User.ID, grant)
		return g.endClaimed(ctx, rec, p, EndRefreshRefused)
	}
	return g.keep(ctx, p, due, rec, grant)
}

// endClaimed ends a session whose token was refused, as long as the claim stands: then the refused
// token is the newest there is.
func (g *Guard) endClaimed(ctx context.Context, rec *Record, p candidate, reason EndReason) (authOutcome, error) {
	for range maxAttempts {
		found, err := g.endNow(ctx, rec, reason, p)
		if !errors.Is(err, ErrConflict) {
			return found, err
		}
		if rec, err = g.claims.reread(ctx, rec); err != nil {
			return authOutcome{}, err
		}
	}
	return authOutcome{}, errContention
}

// keep stores what the provider granted. The write is conditional: a session that was ended
// meanwhile stays ended, and the token that came too late is revoked.
func (g *Guard) keep(ctx context.Context, p candidate, due rotation.Action, rec *Record, grant Grant) (authOutcome, error) {
	for range maxAttempts {
		now := g.now()
		next := g.granted(due, rec, grant, now)
		err := g.ledger.Swap(ctx, next)
		switch {
		case err == nil:
			return g.refreshed(ctx, p, due, next, grant.RefreshToken)
		case !errors.Is(err, ErrConflict):
			g.claims.release(ctx, rec)
			return authOutcome{}, err
		}
		current, err := g.ledger.Get(ctx, rec.ID, rec.User.ID)
		switch {
		case err != nil:
			return authOutcome{}, err
		case current.ended():
			g.upstream.revokeOnce(ctx, grant.RefreshTokenID)
			return ended(current.EndReason), nil
		case current.Claim.Flight != rec.Claim.Flight || !g.rules.stillDue(current, &p.proof, due, now):
			return authOutcome{}, errJudgeAgain
		}
		rec = current
	}
	return authOutcome{}, errContention
}

// refreshed reports a refresh that is stored, and makes the cookies of a new generation. Without
// one, the cookies that came are judged again: the session lives now.
func (g *Guard) refreshed(ctx context.Context, p candidate, due rotation.Action, rec *Record, token Secret) (authOutcome, error) {
	g.emit(ctx, Event{Kind: EventRefreshed, Session: rec.ID, UserID: rec.User.ID, Device: p.from, Generation: rec.Generation})
	if due != rotation.Rotate {
		return authOutcome{}, errJudgeAgain
	}
	pair, err := g.cookies.make(rec, cookie.NewBranch(), token, p.unknown(), rec.LastSeenAt)
	return authOutcome{kind: outcomeServed, record: rec, cookies: pair}, err
}

// granted returns the record after an action for which the provider was asked, free of claims.
func (g *Guard) granted(due rotation.Action, rec *Record, grant Grant, now time.Time) *Record {
	if !grant.TokenExpiresAt.IsZero() {
		g.checkLifetime(grant.TokenExpiresAt.Sub(now).Round(time.Second), g.rules.Ahead)
	}
	next := rec.after(g.rules.Refreshed(due, rec.state(), grant.TokenExpiresAt, now))
	next.Claim = Claim{}
	next.User = grant.User
	next.Token = g.access.Seal(rec.ID, []byte(grant.Token))
	next.RefreshToken = g.refresh.Seal(rec.ID, []byte(grant.RefreshToken))
	if grant.RefreshTokenID != "" {
		next.RefreshTokenID = grant.RefreshTokenID
	}
	return next
}
