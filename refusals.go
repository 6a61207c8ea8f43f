package latchkey

import (
	"errors"
	"slices"
	"sync"
	"time"
)

// A bad deploy at the provider may refuse everybody. Where so many users were refused within the window and nobody was refreshed,
// a refusal says nothing about a session any more.
const (
	refusalLimit  = 20
	refusalWindow = time.Minute

	recountAfter       = time.Hour // until then a session's refusals count as one
	maxRefusedSessions = 10_000    // that are remembered
)

var errRefusesEverybody = errors.New("the provider refuses every session: is it configured as it was?")

// refusals remembers whom the provider has refused since it last said yes. It counts users, and each session once:
// nobody can make a refusal worthless for others with dead sessions of their own.
type refusals struct {
	mu       sync.Mutex
	users    []refusedUser    // the newest, each once
	sessions map[ID]time.Time // when each was counted
}

type refusedUser struct {
	id string
	at time.Time
}

// weigh passes on what the provider answered at a time, about the session of a user. A refusal that is one of too many becomes an error that ends nothing.
func (r *refusals) weigh(now time.Time, session ID, userID string, err error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		r.users = nil
	}
	if !refused(err) {
		return err
	}
	others := 0
	for _, u := range r.users {
		if u.id != userID && now.Sub(u.at) < refusalWindow {
			others++
		}
	}
	if r.countsAnew(session, now) {
		r.add(refusedUser{userID, now})
	}
	if others >= refusalLimit {
		return errRefusesEverybody
	}
	return err
}

func (r *refusals) add(user refusedUser) {
	r.users = slices.DeleteFunc(r.users, func(u refusedUser) bool { return u.id == user.id })
	if len(r.users) > refusalLimit {
		r.users = slices.Delete(r.users, 0, 1)
	}
	r.users = append(r.users, user)
}

func (r *refusals) countsAnew(session ID, now time.Time) bool {
	if at, counted := r.sessions[session]; counted && now.Sub(at).Abs() < recountAfter {
		return false
	}
	if r.sessions == nil || len(r.sessions) >= maxRefusedSessions {
		r.sessions = make(map[ID]time.Time)
	}
	r.sessions[session] = now
	return true
}
