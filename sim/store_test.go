package sim

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/memstore"
)

var errDown = errors.New("cannot be reached")

// shared is the memory store behind faults. It remembers the history of every record, so that it
// can lose its newest writes.
type shared struct {
	w *world

	mu        sync.Mutex
	inner     *memstore.Store
	past      map[latchkey.ID][]written
	downUntil time.Time
	slowUntil time.Time
	streams   []*stream
}

type written struct {
	at  time.Time
	rec *latchkey.Record
}

func newShared(w *world) *shared {
	return &shared{w: w, inner: memstore.New(), past: make(map[latchkey.ID][]written)}
}

// use waits as long as the network does, and returns the store, if it is reachable.
func (s *shared) use(ctx context.Context) (*memstore.Store, error) {
	s.mu.Lock()
	now := time.Now()
	down, slow, inner := now.Before(s.downUntil), now.Before(s.slowUntil), s.inner
	s.mu.Unlock()
	if r, ok := ctx.Value(requestKey{}).(*request); ok {
		wait := r.draw(100*time.Microsecond, 3*time.Millisecond)
		if slow {
			wait = r.draw(50*time.Millisecond, time.Second)
		}
		if err := pause(ctx, wait); err != nil {
			return nil, err
		}
	}
	if down {
		return nil, errDown
	}
	return inner, nil
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *shared) fail(how string, until time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if how == "down" {
		s.downUntil = until
	} else {
		s.slowUntil = until
	}
}

// wrote notes a write that took effect.
func (s *shared) wrote(rec *latchkey.Record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.past[rec.ID] = append(s.past[rec.ID], written{time.Now(), rec})
}

// A loss is what a session has lost by a rollback.
type loss struct {
	id           latchkey.ID
	end, binding bool
}

// rollback loses the writes since a time, like a replica that takes over.
func (s *shared) rollback(since time.Time) (losses []loss) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inner = memstore.New()
	for id, past := range s.past {
		kept := past
		for len(kept) > 0 && kept[len(kept)-1].at.After(since) {
			kept = kept[:len(kept)-1]
		}
		s.past[id] = kept
		before, after := newest(past), newest(kept)
		if len(kept) > 0 {
			s.inner.Create(context.Background(), after)
		}
		losses = append(losses, loss{id, !before.EndedAt.IsZero() && after.EndedAt.IsZero(), isBound(before) && !isBound(after)})
	}
	return losses
}

// newest is an empty record if there is none.
func newest(past []written) *latchkey.Record {
	if len(past) == 0 {
		return &latchkey.Record{}
	}
	return past[len(past)-1].rec
}

// A link is one node's connection to the store. A crashed node writes nothing any longer.
type link struct {
	*shared
	crashed *atomic.Bool
}

var (
	_ latchkey.Store   = (*link)(nil)
	_ latchkey.Sweeper = (*link)(nil)
)

func (l *link) use(ctx context.Context) (*memstore.Store, error) {
	inner, err := l.shared.use(ctx)
	if l.crashed.Load() {
		return nil, errDown
	}
	return inner, err
}

func (l *link) Create(ctx context.Context, rec *latchkey.Record) error {
	inner, err := l.use(ctx)
	if err == nil {
		err = inner.Create(ctx, rec)
	}
	if err == nil {
		l.wrote(rec)
		l.w.ledger.written(ctx, nil, rec)
		l.tell(rec.ID)
	}
	return err
}

func (l *link) Get(ctx context.Context, id latchkey.ID) (*latchkey.Record, error) {
	inner, err := l.use(ctx)
	if err != nil {
		return nil, err
	}
	return inner.Get(ctx, id)
}

func (l *link) Swap(ctx context.Context, next *latchkey.Record) error {
	inner, err := l.use(ctx)
	if err != nil {
		return err
	}
	before, err := inner.Get(ctx, next.ID)
	if err == nil {
		err = inner.Swap(ctx, next)
	}
	if err == nil {
		l.wrote(next)
		l.w.ledger.written(ctx, before, next)
		l.tell(next.ID)
	}
	return err
}

func (l *link) Touch(ctx context.Context, seen []latchkey.Seen) error {
	inner, err := l.use(ctx)
	if err == nil {
		err = inner.Touch(ctx, seen)
	}
	if err == nil {
		l.w.ledger.touched(seen)
	}
	return err
}

func (l *link) ByUser(ctx context.Context, app, userID string, limit int) ([]*latchkey.Record, error) {
	inner, err := l.use(ctx)
	if err != nil {
		return nil, err
	}
	return inner.ByUser(ctx, app, userID, limit)
}

func (l *link) Unrevoked(ctx context.Context, app string, after latchkey.ID, limit int) ([]*latchkey.Record, error) {
	inner, err := l.use(ctx)
	if err != nil {
		return nil, err
	}
	return inner.Unrevoked(ctx, app, after, limit)
}

func (l *link) Sweep(ctx context.Context, now time.Time) (int, error) {
	inner, err := l.use(ctx)
	if err != nil {
		return 0, err
	}
	return inner.Sweep(ctx, now)
}
