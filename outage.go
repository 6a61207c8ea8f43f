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
// it is back, and the others wait for what it finds.
const (
	outageAfter = 3 // failures in a row. Fewer may be the trouble of one user
	pauseFirst  = 250 * time.Millisecond
	pauseMost   = 2 * time.Second // how long a provider that is back goes unnoticed, and a request waits
)

var errPaused = errors.New("the provider failed a moment ago and is given a pause")

// An outage knows how the provider has answered refreshes lately.
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

// heard takes note of an answer, and reports whether an outage began or ended with it.
func (o *outage) heard(now time.Time, answered bool) (turned bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if answered {
		turned = o.failures >= outageAfter
		o.failures, o.pause, o.probing = 0, 0, false
		o.tell()
		return turned
	}
	o.failures++
	began := o.failures == outageAfter
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

// weigh takes note of how the provider answered a refresh. A refusal is an answer.
func (g *Guard) weigh(ctx context.Context, err error) {
	answered := err == nil || refused(err)
	if !g.outage.heard(g.now(), answered) {
		return
	}
	if answered {
		g.log.InfoContext(ctx, "the provider answers refreshes again", "app", g.app)
		return
	}
	g.log.WarnContext(ctx, "the provider fails: refreshes pause", "app", g.app, "error", err)
}
