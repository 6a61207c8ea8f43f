package latchkey

import (
	"context"
	"sync"
)

// flights makes concurrent requests of one session share one refresh. The refresh does not belong to the request
// that began it: when that one goes away, the others still get their answer.
type flights struct {
	contain func(run func() error) error
	mu      sync.Mutex
	open    map[ID]*flight
	running sync.WaitGroup
}

type flight struct {
	began presented
	done  chan struct{} // closed when found and err are there
	found finding
	err   error
}

// do joins the flight of the session, or begins one with run. Only the request that began it gets the new cookies: if all did who showed the same
// ones, a thief could share every flight of his victim, and there would never be two branches to tell them apart. Who showed the same cookies is served;
// who showed others shares a failure, and else gets ErrConflict: the cookies must be judged again.
func (f *flights) do(ctx context.Context, p presented, run func() (finding, error)) (finding, error) {
	joined, shared := f.begin(p, run)
	select {
	case <-joined.done:
	case <-ctx.Done():
		return finding{}, ctx.Err()
	}
	if !joined.began.same(p.mark) && joined.err == nil {
		return finding{}, ErrConflict
	}
	found := joined.found
	if shared {
		found.cookies = nil
	}
	return found, joined.err
}

// begin begins a flight, unless the session has one: then that one is shared. It does not wait.
func (f *flights) begin(p presented, run func() (finding, error)) (joined *flight, shared bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	joined, shared = f.open[p.id]
	if !shared {
		joined = &flight{began: p, done: make(chan struct{})}
		if f.open == nil {
			f.open = make(map[ID]*flight)
		}
		f.open[p.id] = joined
		f.running.Go(func() { f.run(joined, run) })
	}
	return joined, shared
}

func (f *flights) run(fl *flight, run func() (finding, error)) {
	defer func() {
		f.mu.Lock()
		delete(f.open, fl.began.id)
		f.mu.Unlock()
		close(fl.done)
	}()
	fl.err = f.contain(func() (err error) {
		fl.found, err = run()
		return err
	})
}
