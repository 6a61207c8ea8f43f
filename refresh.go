package latchkey

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/latchkey-dev/latchkey/internal/cookie"
	"github.com/latchkey-dev/latchkey/internal/flight"
	"github.com/latchkey-dev/latchkey/internal/rotation"
	"github.com/latchkey-dev/latchkey/internal/wire"
)

// refresh brings an expired session back with its refresh token. It runs once at a time for a
// session on this node, and holds the record's claim against other nodes.
func (g *Guard) refresh(ctx context.Context, p candidate) (authOutcome, error) {
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
	v := g.rules.judge(rec, &p, now)
	due, ok := g.rules.refreshDue(&v, now)
	if !ok {
		return authOutcome{}, errJudgeAgain
	}
	token, err := g.recordRefreshToken.Open(rec.ID, rec.RefreshToken)
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
		case current.Claim.Flight != rec.Claim.Flight || !g.rules.stillDue(current, &p, due, now):
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
	next.Token = g.recordJWT.Seal(rec.ID, []byte(grant.Token))
	next.RefreshToken = g.recordRefreshToken.Seal(rec.ID, []byte(grant.RefreshToken))
	if grant.RefreshTokenID != "" {
		next.RefreshTokenID = grant.RefreshTokenID
	}
	return next
}

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
	refreshing, _ := g.flights.Begin(p.ID, p, func() (authOutcome, error) { return g.refresh(context.WithoutCancel(ctx), p) })
	if found.record.TokenExpiresAt.Sub(now) < tokenMargin {
		found.refreshing = refreshing
	}
	return found
}

// freshRecord waits for the refreshes in progress of a session whose JWT has expired, and returns
// the record after them. Otherwise a handler would get an expired JWT when a browser comes back
// after a while. If a refresh fails or takes too long, freshRecord returns the old record.
func (g *Guard) freshRecord(ctx context.Context, old *Record, refreshing *flight.Flight[candidate, authOutcome]) (*Record, error) {
	late, cancel := context.WithTimeout(ctx, g.config.ProviderTimeout)
	defer cancel()
	for range maxAttempts {
		_, err := refreshing.Wait(late)
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil && !mustJudgeAgain(err):
			return old, nil
		}
		rec, err := g.ledger.Get(ctx, old.ID, refreshing.Starter().userID)
		switch {
		case err != nil:
			return old, nil
		case rec.ended():
			return nil, &Problem{Code: wire.CodeLoginRequired, EndReason: rec.EndReason}
		}
		next := g.refreshEarly(ctx, refreshing.Starter(), served(rec))
		if old = rec; next.refreshing == nil {
			break
		}
		refreshing = next.refreshing
	}
	return old, nil
}

// rebuild is rule 5: the store has no record of the session, or an older one than the cookie. What
// is sealed in the refresh cookie makes the session whole again, if the provider still takes its
// token and names the same user. Losing the store logs nobody out.
func (g *Guard) rebuild(ctx context.Context, p candidate) (authOutcome, error) {
	ctx, cancel := context.WithTimeout(ctx, g.config.ProviderTimeout+storeTimeout)
	defer cancel()
	now, c := g.now(), p.sealed
	older, err := g.ledger.Get(ctx, p.ID, p.userID)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return authOutcome{}, err
	}
	if err := servable(older, c.Unknown); err != nil {
		return authOutcome{}, err
	}
	if reason := g.rules.endOfLost(&p, now); reason != "" && older == nil {
		return ended(reason), nil
	}
	if older != nil && g.rules.judge(older, &p, now).Action != rotation.Rebuild {
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
		Device: p.from, Binding: p.bindingOver(older),
		AuthenticatedAt: c.AuthenticatedAt, AuthMethods: c.AuthMethods, CreatedAt: c.CreatedAt, Deadline: c.Deadline,
		Generation: p.Generation, Settled: p.Branch.Digest(), // it becomes the predecessor
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
