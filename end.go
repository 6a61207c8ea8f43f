package latchkey

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/latchkey-dev/latchkey/internal/cookie"
	"github.com/latchkey-dev/latchkey/internal/wire"
)

// An EndOption restricts which of a user's sessions EndUser ends.
type EndOption func(*endSelection)

// endSelection is which of a user's sessions end.
type endSelection struct {
	startedUntil    time.Time // zero: all
	refreshTokenIDs []string  // empty: all
}

// StartedUntil spares sessions that started after t. Use it for events that may arrive late: by the
// time that a password change is reported, its user may have logged in with the new password. The
// zero time spares none.
func StartedUntil(t time.Time) EndOption {
	return func(s *endSelection) { s.startedUntil = t }
}

// WithRefreshTokens spares all sessions except those with these refresh tokens. ids are the
// provider's (Grant.RefreshTokenID). An empty list spares none.
func WithRefreshTokens(ids ...string) EndOption {
	return func(s *endSelection) { s.refreshTokenIDs = ids }
}

func (s *endSelection) includes(rec *Record) bool {
	inTime := s.startedUntil.IsZero() || !rec.CreatedAt.Truncate(time.Millisecond).After(s.startedUntil)
	return inTime && (len(s.refreshTokenIDs) == 0 || slices.Contains(s.refreshTokenIDs, rec.RefreshTokenID))
}

// until returns the latest start of the selected sessions, at most now.
func (s *endSelection) until(now time.Time) time.Time {
	if s.startedUntil.IsZero() || s.startedUntil.After(now) {
		return now
	}
	return s.startedUntil
}

// EndUser ends a user's sessions in this app, on behalf of the provider or an administrator: all of
// them, unless options spare some. It returns how many it ended. After an error some may remain:
// call it again. The refresh tokens are revoked at the provider in the background.
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

// EndSession ends one session, in whatever state it is. The id comes from Session.ID, Sessions or
// an Event. EndSession returns once the end is stored; after an error, call it again. A session
// that has already ended keeps its first reason. The refresh token is revoked at the provider in
// the background.
func (g *Guard) EndSession(ctx context.Context, id ID, reason EndReason) error {
	if id == (ID{}) {
		return errors.New("latchkey: EndSession: zero session ID")
	}
	return g.ledger.End(ctx, Device{}, reason, &Record{ID: id, App: g.app, Deadline: g.now().Add(maxSessionAge)})
}

// maxListed is the maximum length of a user's list of sessions. It has the newest ones.
const maxListed = 100

// endUserSessions ends all selected sessions of a user, however many there are.
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

// EndAppSessions ends every session of the app that started before a time, at once, however many
// there are. Other nodes that share the store learn of it as fast as of any other end. When the
// cookies of such a session are used next, it gets its own tombstone, and its refresh token is
// revoked.
func (g *Guard) EndAppSessions(ctx context.Context, before time.Time, reason EndReason) error {
	if before.IsZero() {
		return nil // none started before that
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

// EndReason returns why a session has ended, or "" if it has not. It is for work that outlives its
// request, such as a WebSocket: it does not count as use of the session. A session that the store
// does not know has not ended, because its cookies can bring it back. An error means that the store
// is unavailable.
func (g *Guard) EndReason(ctx context.Context, id ID) (EndReason, error) {
	rec, err := g.ledger.GetRecent(ctx, id)
	if err == nil && g.ledger.EndReason(rec) != "" {
		rec, err = g.ledger.Get(ctx, id, "") // the cache may only say that a session goes on
	}
	switch {
	case errors.Is(err, ErrNotFound):
		return "", nil
	case err != nil:
		return "", err
	}
	return g.ledger.EndReason(rec), nil
}

// ServeLogout handles POST. It ends the session of the request's cookies and clears them. It
// responds with 204 once the end is stored, or if there was no session. If the store is
// unavailable, it responds with 503 logout_incomplete: this node refuses the cookies at once, and
// stores the end when it can. The refresh token is revoked at the provider in the background, with
// retries.
func (g *Guard) ServeLogout(w http.ResponseWriter, r *http.Request) {
	if !g.origin.allow(w, r) {
		return
	}
	if !wire.AllowMethods(w, r, http.MethodPost) {
		return
	}
	err := g.endByCookies(r, EndLogout)
	g.cookies.clear(w) // even if the end is not stored yet: the background work will store it
	if g.config.ClearSiteData {
		w.Header().Set("Clear-Site-Data", `"cache", "storage"`)
	}
	if err != nil {
		g.emit(r.Context(), Event{Kind: EventProviderUnavailable, Device: g.config.device(r), Err: fmt.Errorf("logout incomplete: %w", err)})
		wire.Of(wire.CodeLogoutIncomplete).Write(w)
		return
	}
	noContent(w)
}

// endByCookies ends the session of every genuine cookie of the request, however stale, and even if
// its name came twice.
func (g *Guard) endByCookies(r *http.Request, reason EndReason) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), storeTimeout)
	defer cancel()
	var errs []error
	seen := make(map[ID]bool) // each duplicate would cost another read of the store
	for _, value := range cookie.Values(r.Header, cookie.RefreshName) {
		if c, genuine := g.cookies.refresh.Parse(value); genuine && !seen[c.ID] {
			seen[c.ID] = true
			errs = append(errs, g.ledger.EndByCookie(ctx, g.config.device(r), reason, &Record{
				ID: c.ID, App: g.app, User: User{ID: c.UserID}, RefreshTokenID: c.TokenID, CreatedAt: c.CreatedAt, Deadline: c.Deadline,
			}))
		}
	}
	for _, value := range cookie.Values(r.Header, cookie.SessionName) {
		if m, genuine := g.cookies.session.Parse(value); genuine && !seen[m.ID] {
			seen[m.ID] = true
			errs = append(errs, g.ledger.EndByCookie(ctx, g.config.device(r), reason, &Record{ID: m.ID, App: g.app, Deadline: g.now().Add(maxSessionAge)}))
		}
	}
	return errors.Join(errs...)
}
