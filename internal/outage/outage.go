package outage

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

const (
	outageAfter = 3 // failures in a row: of one user, or one each of so many users
	pauseFirst  = 250 * time.Millisecond
	pauseMost   = 2 * time.Second // how long a provider that is back goes unnoticed, and a request waits
)

// An outage is a time in which refreshes fail.
type outage struct {
	mu       sync.Mutex
	failures int // in a row
	pause    time.Duration
	until    time.Time
	probing  bool          // a refresh was admitted after the last pause, and has not failed yet
	news     chan struct{} // closed when that one has an answer
}

// admit returns when the provider may be asked, or ErrPaused if that is not soon.
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
				return ErrPaused
			}
		case <-patience.C:
			return ErrPaused
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
	o.inform()
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
		o.inform()
	}
	return began
}

func (o *outage) inform() {
	if o.news != nil {
		close(o.news)
		o.news = nil
	}
	if o.failures > 0 {
		o.news = make(chan struct{})
	}
}
