package latchkey

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/latchkey-dev/latchkey/internal/rotation"

	"github.com/latchkey-dev/latchkey/internal/crossorigin"
)

// A finding is what a request's cookies come to. Without a record nobody is logged in; with an error it cannot be known.
type finding struct {
	record    *Record
	token     *openedToken                           // of a record in memory
	renewal   *flight                                // refreshes the JWT, which has expired; nil: none does
	fresh     func(context.Context) (*Record, error) // of a guard around this one; see Session
	cookies   *cookiePair                            // to be set with the answer
	endReason EndReason                              // why the session of these cookies is over, where it is
	echo      string                                 // the browser is to be asked first, with this echo; empty: it is not
	err       error
}

// answerNobody answers a request of the guard's own routes that has no login.
func (c *cookies) answerNobody(w http.ResponseWriter, r *http.Request, found finding, code Code) {
	if found.echo != "" {
		c.challenge(w, r, found.echo)
		return
	}
	WriteError(w, found.problem(code))
}

// problem says why a request has no login.
func (f *finding) problem(code Code) *Problem {
	if f.err != nil {
		return unavailable(f.err)
	}
	return &Problem{Code: code, EndReason: f.endReason}
}

// decideTimeout bounds how long a request waits for a refresh, its own or another node's. The first read of the store has the request's own time.
const decideTimeout = 20 * time.Second

// authenticate finds the session of a request, refreshes it where that is due, and notes that it was used.
func (g *Guard) authenticate(r *http.Request) finding {
	if s, ok := From(r.Context()); ok && s.tokens == g.access {
		return finding{record: s.record, token: s.token, fresh: s.fresh} // a guard around a guard: once is enough
	}
	session, now := cookieValue(r.Header, sessionCookieName), g.now()
	if found := g.recall(session, now); found.record != nil {
		return g.seen(r, found, now)
	}
	refresh := cookieValue(r.Header, refreshCookieName)
	if session == "" && refresh == "" {
		return finding{}
	}
	m, genuine := g.cookies.session.parse(session)
	content, sealed := g.cookies.refresh.parse(refresh)
	if genuine {
		found := g.glance(r.Context(), m, session, ownerOf(m, content), now)
		if found.err != nil || found.record != nil {
			return g.seen(r, found, now)
		}
	}
	var found finding
	witnesses := g.witnesses(r, m, genuine, content, sealed)
	if witnesses == nil {
		g.reportUnknownKey(r, session, refresh)
	}
	for _, p := range witnesses {
		next := g.decide(r.Context(), p)
		if next.record != nil || next.err != nil {
			return g.seen(r, next, g.now())
		}
		if found.endReason == "" {
			found = next
		}
	}
	return found
}

func (g *Guard) seen(r *http.Request, found finding, now time.Time) finding {
	switch {
	case found.err == nil:
		g.ledger.Touch(found.record.ID, now)
	case r.Context().Err() == nil: // a browser that went away is no failure
		g.emit(r.Context(), Event{Kind: EventProviderUnavailable, Device: g.device(r), Err: found.err})
	}
	return found
}

// ownerOf returns the id of the user of a session, where the refresh cookie names it. A session cookie does not.
func ownerOf(session mark, refresh refreshContent) (userID string) {
	if refresh.id != session.id {
		return ""
	}
	return refresh.userID
}

// glance answers the common case: a live session id of the newest generation, and nothing to write.
func (g *Guard) glance(ctx context.Context, m mark, cookie, userID string, now time.Time) finding {
	rec, kept, err := g.ledger.GetCached(ctx, m.id, userID)
	if errors.Is(err, ErrNotFound) {
		return finding{}
	}
	if err == nil {
		err = servable(rec, "")
	}
	if err != nil {
		return finding{err: err}
	}
	if v := g.judge(rec, &presented{mark: m, session: true}, now); !v.servesOnly(&g.limits, now) {
		return finding{}
	}
	if kept == nil {
		return finding{record: rec}
	}
	kept.remember(cookie, m)
	return finding{record: rec, token: &kept.token}
}

// recall is glance for the very cookie that this node has served the session for from memory before.
func (g *Guard) recall(cookie string, now time.Time) finding {
	id, ok := claimedSession(cookie)
	if !ok {
		return finding{}
	}
	kept := g.ledger.cache.Get(id)
	if kept == nil {
		return finding{}
	}
	proven := kept.verified.Load()
	if proven == nil || !proven.is(cookie) {
		return finding{}
	}
	p := proven.presented(&kept.Record, now)
	if v := g.judge(&kept.Record, &p, now); !v.servesOnly(&g.limits, now) {
		return finding{}
	}
	return finding{record: &kept.Record, token: &kept.token}
}

// witnesses lists what is presented, in the order in which it is heard. Two cookies that say the same are one witness;
// where they differ, the session cookie speaks first, and the other only if the first comes to nothing (rule 0).
func (g *Guard) witnesses(r *http.Request, m mark, genuine bool, content refreshContent, sealed bool) []presented {
	from, owner := g.device(r), ownerOf(m, content)
	asked, follows := answered(r.Header, content.branch), !crossorigin.IsUpgrade(r.Header)
	switch {
	case genuine && sealed && m.same(content.mark):
		return []presented{{mark: m, userID: owner, session: true, refresh: true, answers: asked, follows: follows, sealed: &content, from: from}}
	case genuine && sealed:
		return []presented{{mark: m, userID: owner, session: true, from: from}, {mark: content.mark, userID: content.userID, refresh: true, answers: asked, follows: follows, sealed: &content, from: from}}
	case genuine:
		return []presented{{mark: m, session: true, from: from}}
	case sealed:
		return []presented{{mark: content.mark, userID: content.userID, refresh: true, answers: asked, follows: follows, sealed: &content, from: from}}
	}
	return nil
}

// decide reads the record, judges, and does what the verdict asks for. It begins again when another changed the record meanwhile.
func (g *Guard) decide(ctx context.Context, p presented) finding {
	ctx, cancel := context.WithTimeout(ctx, decideTimeout)
	defer cancel()
	for range maxAttempts {
		found, err := g.attempt(ctx, p)
		switch {
		case err == nil:
			return g.refreshEarly(ctx, p, found)
		case !errors.Is(err, ErrConflict) && !errors.Is(err, ErrNotFound):
			return finding{err: err}
		}
	}
	return finding{err: errContention}
}

func (g *Guard) attempt(ctx context.Context, p presented) (finding, error) {
	rec, err := g.ledger.Get(ctx, p.id, p.userID)
	if err == nil {
		err = servable(rec, p.unknown())
	}
	switch {
	case err == nil:
		return g.act(ctx, rec, p)
	case errors.Is(err, ErrNotFound) && p.refresh:
		return g.flights.do(ctx, p, func() (finding, error) { return g.rebuild(context.WithoutCancel(ctx), p) })
	case errors.Is(err, ErrNotFound):
		return finding{}, nil
	}
	return finding{}, err
}

// act carries out one verdict. ErrConflict asks for another attempt.
func (g *Guard) act(ctx context.Context, rec *Record, p presented) (finding, error) {
	now := g.now()
	v := g.judge(rec, &p, now)
	state := v.state
	if v.Changed != nil {
		state = *v.Changed
		changed := rec.after(state)
		if err := g.ledger.Swap(ctx, changed); err != nil {
			return finding{}, err
		}
		if rec.ConfirmedAt.IsZero() {
			g.emit(ctx, Event{Kind: EventConfirmed, Session: rec.ID, UserID: rec.User.ID, Device: p.from, Generation: p.generation})
		}
		rec = changed
	}
	switch v.Action {
	case rotation.Serve:
		return finding{record: rec}, nil
	case rotation.Mint:
		if state.Forked {
			return g.mint(ctx, rec, rec, p, now)
		}
		return g.mint(ctx, rec, rec.after(state.Minted()), p, now)
	case rotation.Advance:
		return g.mint(ctx, rec, rec.after(g.limits.Advanced(state, now)), p, now)
	case rotation.Rotate, rotation.RefreshOnly:
		return g.flights.do(ctx, p, func() (finding, error) { return g.renew(context.WithoutCancel(ctx), p) })
	case rotation.Rebuild:
		return g.flights.do(ctx, p, func() (finding, error) { return g.rebuild(context.WithoutCancel(ctx), p) })
	case rotation.End:
		return g.endNow(ctx, rec, v.reason, p)
	case rotation.AlreadyEnded:
		g.ledger.Over(rec)
		return finding{endReason: v.reason}, nil
	case rotation.RejectStale:
		g.reportStale(ctx, rec, p)
	case rotation.ChallengeKept:
		return finding{echo: echo(rotation.WhetherKept, p.branch)}, nil
	case rotation.ChallengeStale:
		g.reportStale(ctx, rec, p)
		return finding{echo: echo(rotation.WhetherStale, p.branch)}, nil
	}
	return finding{}, nil
}

// suspicion tells what was seen of both sides.
func suspicion(kind EventKind, rec *Record, p presented) Event {
	return Event{Kind: kind, Session: rec.ID, UserID: rec.User.ID, Device: p.from, Generation: p.generation, Newest: rec.Generation, AtLogin: rec.Device}
}

// mint mints the cookies of one more branch of the generation that next is in. The write fails if the
// session has changed meanwhile: was confirmed, or has the next generation. Then the cookies are judged
// again.
func (g *Guard) mint(ctx context.Context, rec, next *Record, p presented, now time.Time) (finding, error) {
	token, err := g.refresh.open(rec.ID, rec.RefreshToken)
	if err != nil {
		return finding{}, err
	}
	if next != rec {
		if err := g.ledger.Swap(ctx, next); err != nil {
			return finding{}, err
		}
	}
	pair, err := g.cookies.make(next, newBranch(), Secret(token), p.unknown(), now)
	return finding{record: next, cookies: pair}, err
}

// endNow ends the session with a reason that the rules found.
func (g *Guard) endNow(ctx context.Context, rec *Record, reason EndReason, p presented) (finding, error) {
	var before []Event
	if reason == EndReuseDetected {
		before = append(before, suspicion(EventTheft, rec, p))
	}
	if err := g.ledger.EndVersion(ctx, rec, p.from, reason, before...); err != nil {
		return finding{}, err
	}
	return finding{endReason: reason}, nil
}

// reasonOf is the end reason of a cause that the rules found.
func reasonOf(c rotation.Cause) EndReason {
	switch c {
	case rotation.AbsoluteTimeout:
		return EndAbsoluteTimeout
	case rotation.RefreshExpired:
		return EndRefreshExpired
	case rotation.ReuseDetected:
		return EndReuseDetected
	}
	return ""
}

// A verdict is what presented cookies may do with a record.
type verdict struct {
	rotation.Verdict
	state  rotation.State
	proof  rotation.Proof
	reason EndReason // with End and AlreadyEnded
}

// judge applies notBefore, and then the rules.
func (g *Guard) judge(rec *Record, p *presented, now time.Time) verdict {
	v := verdict{state: rec.state(), proof: p.proof()}
	if v.reason = g.ledger.notBefore.reason(rec.CreatedAt); v.reason != "" && !rec.ended() {
		v.Action = rotation.End
		return v
	}
	v.Verdict = g.limits.Judge(&v.state, &v.proof, g.ledger.LastUse(rec), now)
	if v.reason = reasonOf(v.Cause); v.Action == rotation.AlreadyEnded {
		v.reason = rec.EndReason
	}
	return v
}

// servesOnly reports whether there is nothing to do but to serve.
func (v *verdict) servesOnly(l *rotation.Limits, now time.Time) bool {
	return l.ServesOnly(v.Verdict, &v.state, &v.proof, now)
}

// refreshDue returns the action for which the provider is to be asked, and whether it is.
func (v *verdict) refreshDue(l *rotation.Limits, now time.Time) (due rotation.Action, ok bool) {
	return l.DueRefresh(v.Verdict, &v.state, now)
}

// reportStale reports cookies of the past, once a minute for a session.
func (g *Guard) reportStale(ctx context.Context, rec *Record, p presented) {
	if g.stale.allow(rec.ID, g.now()) {
		g.emit(ctx, suspicion(EventStale, rec, p))
	}
}

// reportUnknownKey logs once a minute that a cookie names a key that this node does not have. Anybody
// can send such a cookie: it is no alarm.
func (g *Guard) reportUnknownKey(r *http.Request, session, refresh string) {
	if id, unknown := g.cookies.unknownKey(session, refresh); unknown && g.once("unknown key of a cookie") {
		g.log.WarnContext(r.Context(), "cookie ignored: this node does not have its key", "app", g.app, "key", fmt.Sprintf("%08x", id))
	}
}
