package latchkey

import (
	"errors"
	"net/http"
	"time"
)

// maxListed bounds a user's list of sessions.
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
	if !g.sameOrigin(r) {
		problem{Code: codeCrossOrigin}.write(w)
		return
	}
	id := r.PathValue("id")
	if id == "" && !allow(w, r, http.MethodGet, http.MethodHead, http.MethodDelete) || id != "" && !allow(w, r, http.MethodDelete) {
		return
	}
	found := g.authenticate(r)
	if found.record == nil {
		found.refusal(codeLoginRequired).write(w)
		return
	}
	if found.cookies != nil {
		g.cookies.set(w, found.cookies)
	}
	sessions, err := g.store.ByUser(r.Context(), g.app, found.record.User.ID, maxListed)
	switch {
	case err != nil:
		g.storeFailed(w, r, err)
	case r.Method != http.MethodDelete:
		g.listSessions(w, sessions, found.record.ID)
	case id == "":
		g.endSessions(w, r, sessions, EndLogoutEverywhere, func(rec *Record) bool { return rec.ID != found.record.ID })
	default:
		g.endSessions(w, r, sessions, EndRevokedByUser, func(rec *Record) bool { return rec.ID.String() == id })
	}
}

func (g *Guard) listSessions(w http.ResponseWriter, sessions []*Record, current ID) {
	views := make([]sessionView, 0, len(sessions))
	for _, rec := range sessions {
		views = append(views, sessionView{
			ID: rec.ID.String(), Current: rec.ID == current, CreatedAt: rec.CreatedAt.UTC(), LastSeenAt: g.lastUse(rec).UTC(),
			Device: describe(rec.Device.UserAgent), IP: rec.Device.IP, DeviceBound: rec.Device.PublicKey != nil,
		})
	}
	writeJSON(w, "application/json", http.StatusOK, map[string]any{"sessions": views})
}

// endSessions ends those that are chosen. That one is chosen by its id and not there is 404: it has ended meanwhile, or is somebody else's.
func (g *Guard) endSessions(w http.ResponseWriter, r *http.Request, sessions []*Record, reason EndReason, chosen func(*Record) bool) {
	n := 0
	for _, rec := range sessions {
		if !chosen(rec) {
			continue
		}
		if err := g.end(r.Context(), g.device(r), reason, rec); err != nil {
			g.storeFailed(w, r, err)
			return
		}
		n++
	}
	if n == 0 && reason == EndRevokedByUser {
		problem{Code: codeNotFound}.write(w)
		return
	}
	w.Header()["Cache-Control"] = noStore
	w.WriteHeader(http.StatusNoContent)
}

func (g *Guard) storeFailed(w http.ResponseWriter, r *http.Request, err error) {
	if !errors.Is(err, r.Context().Err()) || r.Context().Err() == nil {
		g.emit(r.Context(), Event{Kind: EventProviderUnavailable, Device: g.device(r), Err: err})
	}
	problem{Code: codeProviderUnavailable}.write(w)
}
