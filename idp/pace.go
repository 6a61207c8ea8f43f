package idp

import (
	"context"
	"time"
)

const (
	paceMost  = 1000 // rows at a time
	paceLeast = 50   // so that a disk that is slow for a while does not stop the sweep
	paceTime  = 20 * time.Millisecond

	restFor = 3 // times as long as the work: a sweep takes a quarter of the database's time
	restMin = time.Millisecond
)

// pace says how many rows are to be deleted at a time, so that it takes paceTime at most: twice as
// many after a short time, fewer after one of more than half of that.
type pace struct{ rows int }

func newPace() *pace { return &pace{paceLeast} }

// learn is told how long that many rows have taken.
func (p *pace) learn(took time.Duration) {
	switch {
	case took > paceTime/2:
		p.rows = max(paceLeast, int(int64(p.rows)*int64(paceTime/2)/int64(took)))
	case took < paceTime/4:
		p.rows = min(paceMost, 2*p.rows)
	}
}

// rest lets others in after work that took this long. The error is that of ctx.
func rest(ctx context.Context, took time.Duration) error {
	timer := time.NewTimer(max(restMin, restFor*took))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
