package latchkey

import (
	"context"
	"sync"
)

// flights make concurrent requests of one session share one refresh. The refresh does not belong to
// the request that started it: if that one goes away, the others still get their answer.
type flights struct {
	contain func(run func() error) error
	mu      sync.Mutex
	open    map[ID]*flight
	running sync.WaitGroup
}

type flight struct {
	began presented
	done  chan struct{} // closed when found and err are there
	found authOutcome
	err   error
}

// do joins the flight of the session, or starts one with run. Only the request that started the
// flight gets the new cookies; otherwise a thief could join every refresh and never be noticed.
// Joiners with the same cookie are served without new ones. The others share a failure; else their
// cookies are judged again.
func (f *flights) do(ctx context.Context, p presented, run func() (authOutcome, error)) (authOutcome, error) {
	joined, shared := f.begin(p, run)
	select {
	case <-joined.done:
	case <-ctx.Done():
		return authOutcome{}, ctx.Err()
	}
	if !joined.began.Same(p.Mark) && joined.err == nil {
		return authOutcome{}, errJudgeAgain
	}
	found := joined.found
	if shared {
		found.cookies = nil
	}
	return found, joined.err
}

// begin starts a flight, unless the session has one: then that one is shared. It does not wait.
func (f *flights) begin(p presented, run func() (authOutcome, error)) (joined *flight, shared bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	joined, shared = f.open[p.ID]
	if !shared {
		joined = &flight{began: p, done: make(chan struct{})}
		if f.open == nil {
			f.open = make(map[ID]*flight)
		}
		f.open[p.ID] = joined
		f.running.Go(func() { f.run(joined, run) })
	}
	return joined, shared
}

func (f *flights) run(fl *flight, run func() (authOutcome, error)) {
	defer func() {
		f.mu.Lock()
		delete(f.open, fl.began.ID)
		f.mu.Unlock()
		close(fl.done)
	}()
	fl.err = f.contain(func() (err error) {
		fl.found, err = run()
		return err
	})
}
