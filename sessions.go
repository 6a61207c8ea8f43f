package latchkey

import (
	"context"
	"net/http"
	"time"

	"github.com/latchkey-dev/latchkey/internal/useragent"
	"github.com/latchkey-dev/latchkey/internal/wire"
)

// A SessionInfo is a session in the list of its user or an administrator.
type SessionInfo struct {
	ID              ID
	CreatedAt       time.Time // when the session started
	LastSeenAt      time.Time // within a tenth of Config.IdleTimeout
	AuthenticatedAt time.Time // when the user last authenticated; zero if unknown
	AuthMethods     []string  // how; see Grant.AuthMethods
	Persistent      bool      // it outlives the browser
	Device          Device    // at login
	DeviceName      string    // for display only: "Firefox on Linux", as the browser claims
	DeviceBound     bool      // it is of use in that browser only; see Session.DeviceBound
}

// Sessions returns a user's sessions in this app that have not ended, newest login first, at most
// 100. EndSession ends one of them.
func (g *Guard) Sessions(ctx context.Context, userID string) ([]SessionInfo, error) {
	records, _, err := g.ledger.store.ByUser(ctx, userID, maxListed)
	if err != nil {
		return nil, err
	}
	sessions := make([]SessionInfo, 0, len(records))
	for _, rec := range records {
		if g.ledger.EndReason(rec) == "" {
			sessions = append(sessions, SessionInfo{
				ID: rec.ID, CreatedAt: rec.CreatedAt, LastSeenAt: g.ledger.LastUse(rec), AuthenticatedAt: rec.AuthenticatedAt, AuthMethods: rec.AuthMethods,
				Persistent: rec.Persistent, Device: rec.Device, DeviceName: useragent.Describe(rec.Device.UserAgent), DeviceBound: g.rules.holdsToKey(rec),
			})
		}
	}
	return sessions, nil
}

// sessionView is a session in a response to its user.
type sessionView struct {
	ID          string    `json:"id"`
	Current     bool      `json:"current"`
	CreatedAt   time.Time `json:"createdAt"`
	LastSeenAt  time.Time `json:"lastSeenAt"`
	Device      string    `json:"device"`
	IP          string    `json:"ip,omitempty"`
	DeviceBound bool      `json:"deviceBound"`
}

// ServeSessions handles GET, with the user's sessions in this app, newest login first, and DELETE,
// which ends sessions: the one that {id} in the path names, or all but the current one if the
// pattern has no {id}. Their refresh tokens are revoked at the provider, too.
func (g *Guard) ServeSessions(w http.ResponseWriter, r *http.Request) {
	if !g.origin.allow(w, r) {
		return
	}
	id := r.PathValue("id")
	if id == "" && !wire.AllowMethods(w, r, http.MethodGet, http.MethodHead, http.MethodDelete) || id != "" && !wire.AllowMethods(w, r, http.MethodDelete) {
		return
	}
	found := g.authenticate(r)
	if found.kind != outcomeServed {
		g.cookies.answerNobody(w, r, found, wire.CodeLoginRequired)
		return
	}
	g.cookies.renew(w, &found)
	var err error
	switch {
	case r.Method != http.MethodDelete:
		var sessions []SessionInfo
		if sessions, err = g.Sessions(r.Context(), found.record.User.ID); err == nil {
			writeSessions(w, sessions, found.record.ID)
		}
	case id == "":
		if _, err = g.endUserSessions(r.Context(), g.config.device(r), found.record.User.ID, EndLogoutEverywhere, othersThan(found.record)); err == nil {
			noContent(w)
		}
	default:
		err = g.deleteOne(w, r, found.record, id)
	}
	if err != nil {
		if r.Context().Err() == nil {
			g.emit(r.Context(), Event{Kind: EventProviderUnavailable, Device: g.config.device(r), Err: err})
		}
		wire.Of(wire.CodeProviderUnavailable).Write(w)
	}
}

func writeSessions(w http.ResponseWriter, sessions []SessionInfo, current ID) {
	views := make([]sessionView, 0, len(sessions))
	for _, s := range sessions {
		views = append(views, sessionView{
			ID: s.ID.String(), Current: s.ID == current, CreatedAt: s.CreatedAt.UTC(), LastSeenAt: s.LastSeenAt.UTC(),
			Device: s.DeviceName, IP: s.Device.IP, DeviceBound: s.DeviceBound,
		})
	}
	wire.NoStore(w)
	wire.Write(w, http.StatusOK, map[string]any{"sessions": views})
}

// deleteOne ends the session of that id, if it is one of the user's.
func (g *Guard) deleteOne(w http.ResponseWriter, r *http.Request, current *Record, id string) error {
	sessions, _, err := g.ledger.store.ByUser(r.Context(), current.User.ID, maxListed)
	if err != nil {
		return err
	}
	for _, rec := range sessions {
		if rec.ID.String() == id {
			if err := g.ledger.End(r.Context(), g.config.device(r), EndRevokedByUser, rec); err != nil {
				return err
			}
			noContent(w)
			return nil
		}
	}
	wire.Of(wire.CodeNotFound).Write(w) // it has ended, or belongs to another user
	return nil
}

func othersThan(current *Record) func(*Record) bool {
	return func(rec *Record) bool { return rec.ID != current.ID }
}
