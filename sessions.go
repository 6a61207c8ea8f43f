package latchkey

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/latchkey-dev/latchkey/internal/wire"
)

// maxListed bounds a user's list of sessions; only the newest are shown.
const maxListed = 100

// sessionView is a session as its user sees it.
type sessionView struct {
	ID          string    `json:"id"`
	Current     bool      `json:"current"`
	CreatedAt   time.Time `json:"createdAt"`
	LastSeenAt  time.Time `json:"lastSeenAt"`
	Device      string    `json:"device"` // "Firefox on Linux"
	IP          string    `json:"ip,omitempty"`
	DeviceBound bool      `json:"deviceBound"`
}

// ServeSessions answers GET with this user's sessions in this app, the newest login first, and DELETE by ending sessions: the one that
// the path names in {id}, or all but the current one where the pattern has no {id}. Ended sessions are revoked at the provider as well.
func (g *Guard) ServeSessions(w http.ResponseWriter, r *http.Request) {
	if !g.allowOrigin(w, r) {
		return
	}
	id := r.PathValue("id")
	if id == "" && !allow(w, r, http.MethodGet, http.MethodHead, http.MethodDelete) || id != "" && !allow(w, r, http.MethodDelete) {
		return
	}
	found := g.authenticate(r)
	if found.record == nil {
		g.refuse(w, r, found, wire.CodeLoginRequired)
		return
	}
	if found.cookies != nil {
		g.cookies.set(w, found.cookies)
	}
	var err error
	switch {
	case r.Method != http.MethodDelete:
		err = g.listSessions(w, r, found.record)
	case id == "":
		err = g.endOthers(w, r, found.record)
	default:
		err = g.endOne(w, r, found.record, id)
	}
	if err != nil {
		if r.Context().Err() == nil {
			g.emit(r.Context(), Event{Kind: EventProviderUnavailable, Device: g.device(r), Err: err})
		}
		wire.Of(wire.CodeProviderUnavailable).Write(w)
	}
}

func (g *Guard) listSessions(w http.ResponseWriter, r *http.Request, current *Record) error {
	sessions, err := g.sessionsOf(r, current)
	if err != nil {
		return err
	}
	views := make([]sessionView, 0, len(sessions))
	for _, rec := range sessions {
		if g.over(rec) != "" {
			continue
		}
		views = append(views, sessionView{
			ID: rec.ID.String(), Current: rec.ID == current.ID, CreatedAt: rec.CreatedAt.UTC(), LastSeenAt: g.lastUse(rec).UTC(),
			Device: describe(rec.Device.UserAgent), IP: rec.Device.IP, DeviceBound: rec.Device.PublicKey != nil,
		})
	}
	w.Header().Set("Cache-Control", "no-store")
	wire.Write(w, http.StatusOK, map[string]any{"sessions": views})
	return nil
}

// endOthers ends all sessions of the user but the current one.
func (g *Guard) endOthers(w http.ResponseWriter, r *http.Request, current *Record) error {
	_, err := g.endAll(r.Context(), g.device(r), current.User.ID, EndLogoutEverywhere, func(rec *Record) bool { return rec.ID != current.ID })
	if err == nil {
		noContent(w)
	}
	return err
}

// End ends a user's sessions in this app for a reason, because the provider or an administrator says so: all of them or, where refresh tokens are named by their
// ids at the provider, only theirs. Those that began after a time go on: news of a new password may come when its user has logged in with it. The zero time means all.
// With EndPasswordChanged for all of a user's sessions, this node no longer honors the device cookies from before.
// It returns how many it ended; after an error some may be left, and it should be called again. Their refresh tokens are revoked at the provider as well.
func (g *Guard) End(ctx context.Context, userID string, until time.Time, reason EndReason, refreshTokenIDs ...string) (ended int, err error) {
	if reason == EndPasswordChanged && len(refreshTokenIDs) == 0 {
		g.noteNewPassword(userID, until)
	}
	return g.endAll(ctx, Device{}, userID, reason, func(rec *Record) bool {
		return (until.IsZero() || !rec.CreatedAt.Truncate(time.Millisecond).After(until)) && (len(refreshTokenIDs) == 0 || slices.Contains(refreshTokenIDs, rec.RefreshTokenID))
	})
}

// noteNewPassword has the device cookies from before a new password no longer honored. The zero time is now.
func (g *Guard) noteNewPassword(userID string, at time.Time) {
	if now := g.now(); at.IsZero() || at.After(now) {
		at = now
	}
	g.passwords.note(g.userOf(userID), at)
}

// endAll ends the sessions of a user that are meant, however many there are.
func (g *Guard) endAll(ctx context.Context, from Device, userID string, reason EndReason, meant func(*Record) bool) (ended int, err error) {
	for limit := maxListed; ; {
		sessions, listed, foreign := g.byUser(ctx, userID, limit)
		if foreign != nil && !errors.Is(foreign, errForeignRecord) {
			return ended, foreign
		}
		before := ended
		for _, rec := range sessions {
			if !meant(rec) {
				continue
			}
			if err := g.end(ctx, from, reason, rec); err != nil {
				return ended, err
			}
			ended++
		}
		switch {
		case listed < limit:
			return ended, foreign
		case ended == before: // these remain the newest: what is meant may be older
			limit *= 2
		}
	}
}

// endOne ends the session of that id, if it is one of the user's.
func (g *Guard) endOne(w http.ResponseWriter, r *http.Request, current *Record, id string) error {
	sessions, err := g.sessionsOf(r, current)
	if err != nil {
		return err
	}
	for _, rec := range sessions {
		if rec.ID.String() == id {
			if err := g.end(r.Context(), g.device(r), EndRevokedByUser, rec); err != nil {
				return err
			}
			noContent(w)
			return nil
		}
	}
	wire.Of(wire.CodeNotFound).Write(w) // it has ended meanwhile, or is somebody else's
	return nil
}

func (g *Guard) sessionsOf(r *http.Request, current *Record) ([]*Record, error) {
	sessions, _, err := g.byUser(r.Context(), current.User.ID, maxListed)
	return sessions, err
}

func noContent(w http.ResponseWriter) {
	w.Header()["Cache-Control"] = noStore
	w.WriteHeader(http.StatusNoContent)
}
