package latchkey

import (
	"context"
	"errors"
	"slices"
	"time"
)

// An EndOption narrows down which of a user's sessions EndUser ends.
type EndOption func(*endSelection)

// endSelection says which of a user's sessions end.
type endSelection struct {
	startedUntil    time.Time // zero: whenever they started
	refreshTokenIDs []string  // empty: all
}

// StartedUntil spares sessions that started after t. Use it for news that may arrive late: when a
// new password is announced, its user may have logged in with it already. The zero time spares none.
func StartedUntil(t time.Time) EndOption {
	return func(s *endSelection) { s.startedUntil = t }
}

// WithRefreshTokens spares sessions whose refresh token is none of these. They are named by the ids
// that the provider gave them (Grant.RefreshTokenID). An empty list spares none.
func WithRefreshTokens(ids ...string) EndOption {
	return func(s *endSelection) { s.refreshTokenIDs = ids }
}

func (s *endSelection) includes(rec *Record) bool {
	inTime := s.startedUntil.IsZero() || !rec.CreatedAt.Truncate(time.Millisecond).After(s.startedUntil)
	return inTime && (len(s.refreshTokenIDs) == 0 || slices.Contains(s.refreshTokenIDs, rec.RefreshTokenID))
}

// until returns the time until which the selected sessions started, now at the latest.
func (s *endSelection) until(now time.Time) time.Time {
	if s.startedUntil.IsZero() || s.startedUntil.After(now) {
		return now
	}
	return s.startedUntil
}

// EndUser ends a user's sessions in this app, because the provider or an administrator says so: all
// of them, or those that the options leave. It returns how many it ended. After an error some may be
// left: call it again. The refresh tokens are revoked at the provider in the background.
//
// If all of a user's sessions end with EndPasswordChanged, this node stops honoring device cookies
// from before the change.
func (g *Guard) EndUser(ctx context.Context, userID string, reason EndReason, options ...EndOption) (ended int, err error) {
	var selected endSelection
	for _, option := range options {
		option(&selected)
	}
	if reason == EndPasswordChanged && len(selected.refreshTokenIDs) == 0 {
		g.browsers.passwordChanged(userID, selected.until(g.now()))
	}
	return g.endUserSessions(ctx, Device{}, userID, reason, selected.includes)
}

// EndSession ends one session, whatever state it is in: one of Session.ID, Sessions or an Event. It
// returns once the end is stored; after an error, call it again. A session that has ended keeps its
// first reason. The refresh token is revoked at the provider in the background.
func (g *Guard) EndSession(ctx context.Context, id ID, reason EndReason) error {
	if id == (ID{}) {
		return errors.New("latchkey: EndSession: the zero ID names no session")
	}
	return g.ledger.End(ctx, Device{}, reason, &Record{ID: id, App: g.app, Deadline: g.now().Add(g.rules.Absolute)})
}

// maxListed bounds a user's list of sessions; only the newest are shown.
const maxListed = 100

// endUserSessions ends those sessions of a user that are selected, however many there are.
func (g *Guard) endUserSessions(ctx context.Context, from Device, userID string, reason EndReason, selected func(*Record) bool) (ended int, err error) {
	for limit := maxListed; ; {
		sessions, listed, foreign := g.ledger.store.ByUser(ctx, userID, limit)
		if foreign != nil && !errors.Is(foreign, errNotBelieved) {
			return ended, foreign
		}
		before := ended
		for _, rec := range sessions {
			if !selected(rec) {
				continue
			}
			if err := g.ledger.End(ctx, from, reason, rec); err != nil {
				return ended, err
			}
			ended++
		}
		switch {
		case listed < limit:
			return ended, foreign
		case ended == before: // these remain the newest: older ones may be selected
			limit *= 2
		}
	}
}

// EndAppSessions ends every session of the app that began before a time, because the provider or an
// administrator says so: all at once, however many there are. Nodes that share the store know it as
// soon as they know of any other end. Each session gets its own tombstone, and its refresh token is
// revoked, when its cookies are presented next.
func (g *Guard) EndAppSessions(ctx context.Context, before time.Time, reason EndReason) error {
	if before.IsZero() {
		return nil // none began before that
	}
	if now := g.now(); before.After(now) {
		before = now
	}
	err := g.ledger.EndStartedBefore(ctx, before, reason)
	if err == nil {
		g.log.InfoContext(ctx, "all sessions ended", "app", g.app, "begun_before", before, "reason", reason)
	}
	return err
}

// EndReason returns why a session is over, or "" if it is not. It is for what outlives its request, a WebSocket for example: it writes nothing
// to the session and does not count as use. A session that the store does not know is not over: its cookies can bring it back.
// An error means that it cannot be known just now.
func (g *Guard) EndReason(ctx context.Context, id ID) (EndReason, error) {
	rec, err := g.ledger.GetRecent(ctx, id)
	if err == nil && g.ledger.EndReason(rec) != "" {
		rec, err = g.ledger.Get(ctx, id, "") // what is in memory may only tell that it goes on
	}
	switch {
	case errors.Is(err, ErrNotFound):
		return "", nil
	case err != nil:
		return "", err
	}
	return g.ledger.EndReason(rec), nil
}
