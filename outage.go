package latchkey

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"
)

// While the provider fails, refreshes pause: a crowd of browsers that ask again must neither keep it
// from coming back nor make its outage one of the store. One refresh after each pause finds out whether
// it is back, and the others wait for what it finds. A user whose refreshes fail pauses alone, until others fail, too.
const (
	outageAfter = 3 // failures in a row: of one user, or one each of so many users
	pauseFirst  = 250 * time.Millisecond
	pauseMost   = 2 * time.Second // how long a provider that is back goes unnoticed, and a request waits
)

var errPaused = errors.New("the provider failed a moment ago and is given a pause")

// outages know how the provider has answered refreshes lately: those of all, and those of each user that it failed.
type outages struct {
	all outage

	mu      sync.Mutex
	users   map[string]*outage // by id
	failing map[string]bool    // users since the last answer, as many as make an outage
}

const maxOutages = 10_000 // users that are remembered

// admit returns when the provider may be asked for a user, or errPaused where that is not to be soon.
func (o *outages) admit(ctx context.Context, userID string, now func() time.Time) error {
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

// answered takes note of an answer, and reports whether an outage of all ended with it.
func (o *outages) answered(userID string) (ended bool) {
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

// failed takes note of a failure, and reports whether an outage of all began with it.
func (o *outages) failed(userID string, now time.Time) (began bool) {
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

// An outage is a time in which refreshes fail.
type outage struct {
	mu       sync.Mutex
	failures int // in a row
	pause    time.Duration
	until    time.Time
	probing  bool          // a refresh was admitted after the last pause, and has not failed yet
	news     chan struct{} // closed when that one has an answer
}

// admit returns when the provider may be asked, or errPaused where that is not to be soon.
func (o *outage) admit(ctx context.Context, now func() time.Time) error {
	patience := time.NewTimer(pauseMost)
	defer patience.Stop()
	for {
		wait, news := o.enter(now())
		if wait <= 0 {
			return nil
		}
		paused := time.NewTimer(wait)
		select {
		case <-paused.C:
			continue
		case <-news:
			if o.goesOn() {
				return errPaused
			}
		case <-patience.C:
			return errPaused
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// enter returns how long the pause still takes, 0 for a caller that may ask the provider.
func (o *outage) enter(now time.Time) (wait time.Duration, news <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch wait := o.until.Sub(now); {
	case o.failures < outageAfter:
		return 0, nil
	case wait > 0:
		return wait, o.news
	}
	o.probing, o.until = true, now.Add(pauseMost)
	return 0, nil
}

func (o *outage) goesOn() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.failures >= outageAfter
}

// answered ends the outage, and reports whether there was one.
func (o *outage) answered() (ended bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	ended = o.failures >= outageAfter
	o.failures, o.pause, o.probing = 0, 0, false
	o.tell()
	return ended
}

// failed reports whether an outage began.
func (o *outage) failed(now time.Time) (began bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.failures++
	began = o.failures == outageAfter
	if began || o.probing { // not those that were under way when it began
		o.probing = false
		o.pause = min(max(2*o.pause, pauseFirst), pauseMost)
		o.until = now.Add(o.pause/2 + rand.N(o.pause/2)) // nodes must not all ask at once
		o.tell()
	}
	return began
}

func (o *outage) tell() {
	if o.news != nil {
		close(o.news)
		o.news = nil
	}
	if o.failures > 0 {
		o.news = make(chan struct{})
	}
}

// weigh takes note of how the provider answered a refresh of a user. A refusal is an answer.
func (g *Guard) weigh(ctx context.Context, userID string, err error) {
	if err == nil || refused(err) {
		if g.outages.answered(userID) {
			g.log.InfoContext(ctx, "the provider answers refreshes again", "app", g.app)
		}
		return
	}
	if g.outages.failed(userID, g.now()) {
		g.log.WarnContext(ctx, "the provider fails: refreshes pause", "app", g.app, "error", err)
	}
}

func (g *Guard) revoke(ctx context.Context, refreshTokenID string) error {
	ctx, cancel := context.WithTimeout(ctx, g.config.ProviderTimeout)
	defer cancel()
	return g.contain(ctx, "provider", func() error { return g.provider.Revoke(ctx, refreshTokenID) })
}

// revokeOnce revokes a refresh token that no session has any more. It is worthless to everyone but a thief of our keys: one try will do.
func (g *Guard) revokeOnce(ctx context.Context, refreshTokenID string) {
	if refreshTokenID == "" {
		return
	}
	if err := g.revoke(context.WithoutCancel(ctx), refreshTokenID); err != nil {
		g.log.WarnContext(ctx, "refresh token not revoked", "app", g.app, "error", err)
	}
}
