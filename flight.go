package latchkey

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/latchkey-dev/latchkey/internal/wire"
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

// tokenMargin is how long a JWT must still live to be handed to a handler without waiting for the next one.
const tokenMargin = time.Second

// refreshEarly starts a refresh in the background if the session is served and its JWT is due (rule 7).
func (g *Guard) refreshEarly(ctx context.Context, p presented, found finding) finding {
	now := g.now()
	if found.record == nil {
		return found
	}
	if state := found.record.state(); !g.limits.TokenIsDue(&state, now) {
		return found
	}
	renewal, _ := g.flights.begin(p, func() (finding, error) { return g.renew(context.WithoutCancel(ctx), p) })
	if found.record.TokenExpiresAt.Sub(now) < tokenMargin {
		found.renewal = renewal
	}
	return found
}

// freshRecord waits for the refreshes under way of a session whose JWT has expired, and returns its
// record after them: a browser that comes back after a while would hand the handler a JWT that others
// refuse. If a refresh fails, or takes too long, the record stays the old one.
func (g *Guard) freshRecord(ctx context.Context, old *Record, renewal *flight) (*Record, error) {
	late := time.NewTimer(g.config.ProviderTimeout)
	defer late.Stop()
	for range maxAttempts {
		select {
		case <-renewal.done:
		case <-late.C:
			return old, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		if renewal.err != nil && !errors.Is(renewal.err, ErrConflict) {
			return old, nil
		}
		rec, err := g.ledger.Get(ctx, old.ID, renewal.began.userID)
		switch {
		case err != nil:
			return old, nil
		case rec.ended():
			return nil, &Problem{Code: wire.CodeLoginRequired, EndReason: rec.EndReason}
		}
		next := g.refreshEarly(ctx, renewal.began, finding{record: rec})
		if old = rec; next.renewal == nil {
			break
		}
		renewal = next.renewal
	}
	return old, nil
}
