package latchkey

import (
	"net/http"
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
		err = g.deleteOthers(w, r, found.record)
	default:
		err = g.deleteOne(w, r, found.record, id)
	}
	if err != nil {
		if r.Context().Err() == nil {
			g.emit(r.Context(), Event{Kind: EventProviderUnavailable, Device: g.device(r), Err: err})
		}
		wire.Of(wire.CodeProviderUnavailable).Write(w)
	}
}

func (g *Guard) listSessions(w http.ResponseWriter, r *http.Request, current *Record) error {
	sessions, _, err := g.byUser(r.Context(), current.User.ID, maxListed)
	if err != nil {
		return err
	}
	views := make([]sessionView, 0, len(sessions))
	for _, rec := range sessions {
		if g.endReasonOf(rec) != "" {
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

// deleteOthers ends all sessions of the user but the current one.
func (g *Guard) deleteOthers(w http.ResponseWriter, r *http.Request, current *Record) error {
	_, err := g.endUserSessions(r.Context(), g.device(r), current.User.ID, EndLogoutEverywhere, func(rec *Record) bool { return rec.ID != current.ID })
	if err == nil {
		noContent(w)
	}
	return err
}

// deleteOne ends the session of that id, if it is one of the user's.
func (g *Guard) deleteOne(w http.ResponseWriter, r *http.Request, current *Record, id string) error {
	sessions, _, err := g.byUser(r.Context(), current.User.ID, maxListed)
	if err != nil {
		return err
	}
	for _, rec := range sessions {
		if rec.ID.String() == id {
			if err := g.storeTombstone(r.Context(), g.device(r), EndRevokedByUser, rec); err != nil {
				return err
			}
			noContent(w)
			return nil
		}
	}
	wire.Of(wire.CodeNotFound).Write(w) // it has ended meanwhile, or is somebody else's
	return nil
}

func noContent(w http.ResponseWriter) {
	w.Header()["Cache-Control"] = noStore
	w.WriteHeader(http.StatusNoContent)
}
