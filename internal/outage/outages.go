// Package outage protects a provider that fails, and the sessions from a provider that refuses
// everybody.
package outage

import (
	"context"
	"errors"
	"sync"
	"time"
)

// ErrPaused is returned instead of a call of the provider.
var ErrPaused = errors.New("the provider failed a moment ago and is given a pause")

// Outages make refreshes pause while the provider fails: a crowd of browsers that retry must
// neither keep it from coming back nor make its outage one of the store. One refresh after each
// pause finds out whether it is back, and the others wait for its result. A user whose refreshes
// fail pauses alone, until others fail too.
type Outages struct {
	all outage

	mu      sync.Mutex
	users   map[string]*outage // by id
	failing map[string]bool    // users since the last answer, as many as make an outage
}

const maxOutages = 10_000 // users that are remembered

// Admit returns when the provider may be asked for a user, or ErrPaused if that is not soon.
func (o *Outages) Admit(ctx context.Context, userID string, now func() time.Time) error {
	o.mu.Lock()
	user := o.users[userID]
	o.mu.Unlock()
	if user != nil {
		if err := user.admit(ctx, now); err != nil {
			return err
		}
	}
	return o.all.admit(ctx, now)
}

// Answered notes a response, and reports whether it ended an outage of all users.
func (o *Outages) Answered(userID string) (ended bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	clear(o.failing)
	ended = o.all.answered()
	if user := o.users[userID]; user != nil {
		user.answered()
		delete(o.users, userID)
	}
	if ended {
		for _, user := range o.users {
			user.answered()
		}
		clear(o.users)
	}
	return ended
}

// Failed notes a failure, and reports whether it began an outage of all users.
func (o *Outages) Failed(userID string, now time.Time) (began bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	user := o.users[userID]
	if user == nil {
		if o.users == nil || len(o.users) >= maxOutages {
			o.users = make(map[string]*outage)
		}
		user = &outage{}
		o.users[userID] = user
	}
	user.failed(now)
	if o.failing == nil {
		o.failing = make(map[string]bool)
	}
	if len(o.failing) < outageAfter {
		if o.failing[userID] {
			return false
		}
		o.failing[userID] = true
	}
	return o.all.failed(now)
}
