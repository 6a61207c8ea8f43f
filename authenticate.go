package latchkey

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/latchkey-dev/latchkey/internal/cookie"
	"github.com/latchkey-dev/latchkey/internal/rotation"
)

// decideTimeout limits how long a request waits for a refresh, its own or another node's. The first
// read of the store is limited by the request only.
const decideTimeout = 20 * time.Second

// authenticate finds the session of a request, refreshes it if that is due, and records the use.
func (g *Guard) authenticate(r *http.Request) authOutcome {
	if s, ok := From(r.Context()); ok && s.tokens == g.recordJWT {
		// a guard around a guard: once is enough
		return authOutcome{kind: outcomeServed, record: s.record, token: s.token, fresh: s.fresh}
	}
	session, bound := cookie.SessionAndBound(r.Header)
	now := g.now()
	if found, ok := g.fromVerified(session, bound, now); ok {
		return g.recordUse(r, found, now)
	}
	refresh := cookie.Value(r.Header, cookie.RefreshName)
	if session == "" && refresh == "" {
		return authOutcome{}
	}
	m, genuine := g.cookies.session.Parse(session)
	content, sealed := g.cookies.refresh.Parse(refresh)
	if genuine {
		if found, ok := g.fastPath(r.Context(), m, session, bound, ownerOf(m, content), now); ok {
			return g.recordUse(r, found, now)
		}
	}
	var found authOutcome
	list := candidates(r, g.config.device(r), now, m, genuine, content, sealed)
	if list == nil {
		if key, unknown := g.cookies.unknownKey(session, refresh); unknown {
			g.unknownCookieKey(r.Context(), key)
		}
	}
	for _, p := range list {
		p.skipped = g.devices.skipped(r, p.ID)
		p.couldBind = p.Generation == 1 && !p.Keyed && g.browsers.couldBind(r.Header)
		next := g.decide(r.Context(), p)
		if next.unproven != nil {
			g.devices.missing(r, next.unproven, p)
		}
		if next.kind == outcomeServed || next.kind == outcomeUnknown {
			return g.recordUse(r, next, g.now())
		}
		if found.kind != outcomeEnded && next.kind != outcomeNobody {
			found = next
		}
	}
	if found.kind == outcomeUnproven {
		g.devices.ask(r, &found)
	}
	return found
}

// recordUse records that a session was used, and removes a bound cookie that hides its key. It
// reports an outage.
func (g *Guard) recordUse(r *http.Request, found authOutcome, now time.Time) authOutcome {
	switch {
	case found.kind == outcomeServed:
		g.ledger.Touch(found.record.ID, now)
		found.again = g.devices.uncover(r.Header, &found)
	case r.Context().Err() == nil: // a browser that disconnects is no failure
		g.emit(r.Context(), Event{Kind: EventProviderUnavailable, Device: g.config.device(r), Err: found.err})
	}
	return found
}

// fastPath answers the common case: a live session id of the newest generation, and nothing to
// write.
func (g *Guard) fastPath(ctx context.Context, m cookie.Mark, session, bound, userID string, now time.Time) (found authOutcome, ok bool) {
	rec, kept, err := g.ledger.GetCached(ctx, m.ID, userID)
	if errors.Is(err, ErrNotFound) {
		return authOutcome{}, false
	}
	if err == nil {
		err = servable(rec, "")
	}
	if err != nil {
		return authOutcome{kind: outcomeUnknown, err: err}, true
	}
	proof := proofOf(m)
	proof.Session = true
	if kept != nil {
		proof.Proven = g.rules.provesCached(kept, bound, now)
	} else {
		proof.Proven = g.rules.proves(&candidate{Mark: m, bound: bound, arrived: now}, rec)
	}
	if !g.rules.servesOnly(rec, &proof, now) {
		return authOutcome{}, false
	}
	if kept == nil {
		return served(rec), true
	}
	kept.verified.Store(cookie.NewVerified(session, m))
	return authOutcome{kind: outcomeServed, record: rec, token: &kept.token}, true
}

// fromVerified is fastPath for the cookie that was last verified for a session in memory. It skips
// the MAC.
func (g *Guard) fromVerified(session, bound string, now time.Time) (found authOutcome, ok bool) {
	id, named := cookie.ClaimedSession(session)
	if !named {
		return authOutcome{}, false
	}
	kept := g.ledger.cache.Get(id)
	if kept == nil {
		return authOutcome{}, false
	}
	verified := kept.verified.Load()
	if verified == nil || !verified.Is(session) {
		return authOutcome{}, false
	}
	proof := rotation.Proof{Generation: kept.Generation, Branch: verified.Digest, MintedAt: verified.MintedAt(now), Session: true, Keyed: verified.Keyed()}
	if kept.Binding != nil {
		proof.Proven = g.rules.provesCached(kept, bound, now)
	}
	if !g.rules.servesOnly(&kept.Record, &proof, now) {
		return authOutcome{}, false
	}
	return authOutcome{kind: outcomeServed, record: &kept.Record, token: &kept.token}, true
}

// decide reads the record, judges, and does what the verdict asks for. It begins again if another
// has changed the record meanwhile.
func (g *Guard) decide(ctx context.Context, p candidate) authOutcome {
	ctx, cancel := context.WithTimeout(ctx, decideTimeout)
	defer cancel()
	for range maxAttempts {
		found, err := g.attempt(ctx, p)
		switch {
		case err == nil:
			return g.refreshEarly(ctx, p, found)
		case !mustJudgeAgain(err):
			return authOutcome{kind: outcomeUnknown, err: err}
		}
	}
	return authOutcome{kind: outcomeUnknown, err: errContention}
}

func (g *Guard) attempt(ctx context.Context, p candidate) (authOutcome, error) {
	rec, err := g.ledger.Get(ctx, p.ID, p.userID)
	if err == nil {
		err = servable(rec, p.unknown())
	}
	switch {
	case err == nil:
		now := g.now()
		v := g.rules.judge(rec, &p, now)
		found, err := g.act(ctx, rec, v, p, now)
		if v.unproven {
			found.unproven = rec
		}
		return found, err
	case errors.Is(err, ErrNotFound):
		if reason := g.rules.endOfLost(&p, g.now()); reason != "" {
			return ended(reason), nil
		}
		lost := &Record{ID: p.ID, User: User{ID: p.userID}}
		return g.act(ctx, lost, g.rules.judgeLost(&p), p, g.now())
	}
	return authOutcome{}, err
}

// act carries out one verdict. An error that mustJudgeAgain asks for another attempt.
func (g *Guard) act(ctx context.Context, rec *Record, v verdict, p candidate, now time.Time) (authOutcome, error) {
	state := v.state
	if v.Changed != nil {
		state = *v.Changed
		changed := rec.after(state)
		if err := g.ledger.Swap(ctx, changed); err != nil {
			return authOutcome{}, err
		}
		if rec.ConfirmedAt.IsZero() {
			g.emit(ctx, Event{Kind: EventConfirmed, Session: rec.ID, UserID: rec.User.ID, Device: p.from, Generation: p.Generation})
			g.devices.confirmed(ctx, rec, p)
		}
		rec = changed
	}
	switch v.Action {
	case rotation.Serve:
		return served(rec), nil
	case rotation.Mint:
		if state.Forked {
			return g.mint(ctx, rec, rec, p, now)
		}
		return g.mint(ctx, rec, rec.after(state.Minted()), p, now)
	case rotation.RefuseUnproven:
		return unproven(rec), nil
	case rotation.Rebind:
		return authOutcome{}, g.devices.restore(ctx, rec, p)
	case rotation.Advance:
		return g.mint(ctx, rec, rec.after(g.rules.Advanced(state, now)), p, now)
	case rotation.Rotate, rotation.RefreshOnly:
		return g.flights.do(ctx, p, func() (authOutcome, error) { return g.refresh(context.WithoutCancel(ctx), p) })
	case rotation.Rebuild:
		return g.flights.do(ctx, p, func() (authOutcome, error) { return g.rebuild(context.WithoutCancel(ctx), p) })
	case rotation.End:
		return g.endNow(ctx, rec, v.reason, p)
	case rotation.AlreadyEnded:
		g.ledger.Over(rec)
		return ended(v.reason), nil
	case rotation.RejectStale:
		g.staleCookies(ctx, rec, p)
	case rotation.ChallengeKept:
		return asked(rotation.WhetherKept, p.Branch), nil
	case rotation.ChallengeStale:
		g.staleCookies(ctx, rec, p)
		return asked(rotation.WhetherStale, p.Branch), nil
	}
	return authOutcome{}, nil
}

// mint mints the cookies of one more branch of the generation that next is in. The write fails if
// the session has changed meanwhile: was confirmed, or has the next generation. Then the cookies
// are judged again.
func (g *Guard) mint(ctx context.Context, rec, next *Record, p candidate, now time.Time) (authOutcome, error) {
	token, err := g.recordRefreshToken.Open(rec.ID, rec.RefreshToken)
	if err != nil {
		return authOutcome{}, err
	}
	if next != rec {
		if err := g.ledger.Swap(ctx, next); err != nil {
			return authOutcome{}, err
		}
	}
	pair, err := g.cookies.make(next, cookie.NewBranch(), Secret(token), p.unknown(), now)
	return authOutcome{kind: outcomeServed, record: next, cookies: pair}, err
}

// endNow ends the session with a reason that the rules found.
func (g *Guard) endNow(ctx context.Context, rec *Record, reason EndReason, p candidate) (authOutcome, error) {
	var before []Event
	if reason == EndReuseDetected {
		before = append(before, suspicion(EventTheft, rec, p))
	}
	if err := g.ledger.EndVersion(ctx, rec, p.from, reason, before...); err != nil {
		return authOutcome{}, err
	}
	return ended(reason), nil
}
