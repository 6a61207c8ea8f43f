package outage

import (
	"slices"
	"sync"
	"time"
)

const (
	refusalLimit  = 20
	refusalWindow = time.Minute

	recountAfter       = time.Hour // until then a session's refusals count as one
	maxRefusedSessions = 10_000    // that are remembered
)

// Refusals are those since the provider last accepted a session. A misconfigured provider refuses
// everyone: after 20 refusals in a minute without a success, a refusal no longer says anything
// about a session. Users are counted, and each session once: nobody can make a refusal worthless
// for others with dead sessions of their own.
type Refusals struct {
	mu       sync.Mutex
	users    []refusedUser          // the newest, each once
	sessions map[[16]byte]time.Time // when each was counted
}

type refusedUser struct {
	id string
	at time.Time
}

// Accepted notes that the provider accepted a session.
func (r *Refusals) Accepted() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.users = nil
}

// Refused notes that the provider refused the session of a user, and reports whether it seems to
// refuse everyone.
func (r *Refusals) Refused(now time.Time, session [16]byte, userID string) (everybody bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	others := 0
	for _, u := range r.users {
		if u.id != userID && now.Sub(u.at) < refusalWindow {
			others++
		}
	}
	if r.countsAnew(session, now) {
		r.add(refusedUser{userID, now})
	}
	return others >= refusalLimit
}

func (r *Refusals) add(user refusedUser) {
	r.users = slices.DeleteFunc(r.users, func(u refusedUser) bool { return u.id == user.id })
	if len(r.users) > refusalLimit {
		r.users = slices.Delete(r.users, 0, 1)
	}
	r.users = append(r.users, user)
}

func (r *Refusals) countsAnew(session [16]byte, now time.Time) bool {
	if at, counted := r.sessions[session]; counted && now.Sub(at).Abs() < recountAfter {
		return false
	}
	if r.sessions == nil || len(r.sessions) >= maxRefusedSessions {
		r.sessions = make(map[[16]byte]time.Time)
	}
	r.sessions[session] = now
	return true
}
