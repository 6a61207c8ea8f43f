package latchkey

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// storeTimeout bounds the writes that must not be given up because a browser went away.
const storeTimeout = 5 * time.Second

// renew brings an expired session back with its refresh token. It runs once at a time for a session on this node.
// ErrConflict means that the verdict is not to refresh any more: another node was faster.
func (g *Guard) renew(ctx context.Context, p presented) (finding, error) {
	ctx, cancel := context.WithTimeout(ctx, g.config.ProviderTimeout+storeTimeout)
	defer cancel()
	rec, err := g.store.Get(ctx, p.id)
	if err != nil {
		return finding{}, err
	}
	v := g.limits.judge(rec, p, g.lastUse(rec), g.now())
	if v.changed != nil || v.action != renew && v.action != renewInPlace {
		return finding{}, ErrConflict
	}
	token, err := g.refresh.open(rec.ID, rec.RefreshToken)
	if err != nil {
		return finding{}, fmt.Errorf("refresh token in the record: %w: was its key removed from the key ring?", err)
	}
	grant, err := g.askProvider(ctx, rec, Secret(token))
	if err != nil {
		return g.refused(ctx, rec, err)
	}
	if grant.User.ID != rec.User.ID {
		g.log.ErrorContext(ctx, "the provider refreshed the session of one user with the tokens of another", "app", g.app,
			"session", rec.ID, "user", rec.User.ID, "other", grant.User.ID)
		g.revokeOnce(ctx, grant.RefreshTokenID)
		return g.endNow(ctx, rec, EndRefreshRefused, p)
	}
	return g.keep(ctx, p, v.action, rec, grant)
}

// keep stores what the provider granted. The write is conditional: a session that was ended meanwhile stays ended,
// and the token that came too late is revoked.
func (g *Guard) keep(ctx context.Context, p presented, due action, rec *Record, grant Grant) (finding, error) {
	for range maxAttempts {
		now := g.now()
		next, b := g.granted(rec, grant, now), newBranch()
		if due == renew {
			next.advance(b)
		}
		err := g.store.Swap(ctx, next)
		if err == nil {
			g.log.InfoContext(ctx, "session refreshed", "app", g.app, "session", next.ID, "user", next.User.ID, "generation", next.Generation)
			if due == renewInPlace {
				return finding{}, ErrConflict // live again: judge again what these cookies may do now
			}
			pair, err := g.cookies.make(next, b, grant.RefreshToken, now)
			return finding{record: next, cookies: pair}, err
		}
		if !errors.Is(err, ErrConflict) {
			return finding{}, err
		}
		if rec, err = g.store.Get(ctx, p.id); err != nil {
			return finding{}, err
		}
		if rec.ended() {
			g.revokeOnce(ctx, grant.RefreshTokenID)
			return finding{endReason: rec.EndReason}, nil
		}
		if v := g.limits.judge(rec, p, g.lastUse(rec), now); v.changed != nil || v.action != due {
			return finding{}, ErrConflict
		}
	}
	return finding{}, errContention
}

// granted returns the record with what a grant brings, alive for another cap.
func (g *Guard) granted(rec *Record, grant Grant, now time.Time) *Record {
	next := rec.next()
	next.User = grant.User
	next.Token, next.TokenExpiresAt = g.access.seal(rec.ID, []byte(grant.Token)), grant.TokenExpiresAt
	next.RefreshToken = g.refresh.seal(rec.ID, []byte(grant.RefreshToken))
	if grant.RefreshTokenID != "" {
		next.RefreshTokenID = grant.RefreshTokenID
	}
	next.LastSeenAt = now
	next.RefreshExpiresAt = earlier(now.Add(g.limits.refreshTTL), rec.Deadline)
	next.ExpiresAt = earlier(now.Add(g.limits.cap), next.RefreshExpiresAt)
	return next
}

// advance begins the next generation with the branch b. The settled branch of the last one becomes its parent.
func (r *Record) advance(b branch) {
	r.Generation++
	r.Parent, r.Settled, r.ConfirmedAt = r.Settled, Digest{}, time.Time{}
	r.Minted = []Digest{b.digest()}
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func (g *Guard) askProvider(ctx context.Context, rec *Record, token Secret) (Grant, error) {
	ctx, cancel := context.WithTimeout(ctx, g.config.ProviderTimeout)
	defer cancel()
	return g.provider.Refresh(ctx, Renewal{RefreshToken: token, User: rec.User, Device: rec.Device})
}

// refused ends the session if err is the provider's authoritative no. Any other error is passed on: the session stays.
func (g *Guard) refused(ctx context.Context, rec *Record, err error) (finding, error) {
	var e *ProviderError
	if !errors.As(err, &e) || e.Code != CodeRefreshRefused {
		return finding{}, fmt.Errorf("refresh: %w", err)
	}
	g.log.InfoContext(ctx, "refresh refused", "app", g.app, "session", rec.ID, "user", rec.User.ID, "error", err)
	return g.endNow(ctx, rec, EndRefreshRefused, presented{})
}
