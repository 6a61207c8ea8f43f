package redisstore_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/internal/redistest"
	"github.com/latchkey-dev/latchkey/redisstore"
)

// callLimit is longer than a call may take, which is three seconds.
const callLimit = 4 * time.Second

// slack is what a busy machine may add to every bound. The tests distinguish a call that ends from
// one that hangs.
const slack = 30 * time.Second

// A load works on its own sessions while servers fail, and checks every result. A Watch runs beside
// it, like a guard's, and is checked too.
type load struct {
	t    *testing.T
	s    *redisstore.Store
	stop context.CancelFunc
	all  sync.WaitGroup

	mu                 sync.Mutex
	mayLose            bool // sessions may be gone, or older than they were
	done, failed, lost int
	watches            int
	longest            time.Duration
	beat               time.Time // the time that the last one gave
	writes             []write   // not covered by a heartbeat yet
}

// A write has returned.
type write struct {
	id       latchkey.ID
	from, to time.Time
}

// start starts a load that runs until the test ends.
func start(t *testing.T, s *redisstore.Store) *load {
	ctx, cancel := context.WithCancel(t.Context())
	l := &load{t: t, s: s, stop: cancel}
	for range 8 {
		l.all.Go(func() {
			for ctx.Err() == nil {
				(&life{load: l, ctx: ctx, rec: session()}).live()
			}
		})
	}
	l.all.Go(func() { l.watch(ctx) })
	t.Cleanup(l.end)
	return l
}

func (l *load) end() {
	l.stop()
	l.all.Wait()
	l.t.Logf("%d calls went well, %d did not, the longest took %v; %d sessions were lost; %d watches", l.done, l.failed, l.longest.Round(time.Millisecond), l.lost, l.watches)
	if l.longest > callLimit+slack {
		l.t.Errorf("a call took %v", l.longest)
	}
}

// allowLoss allows sessions to be gone from now on.
func (l *load) allowLoss(may bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.mayLose = may
}

// progress waits until this many more calls have succeeded, and Watch has a heartbeat.
func (l *load) progress(calls int) {
	l.t.Helper()
	began := time.Now()
	l.mu.Lock()
	want := l.done + calls
	l.mu.Unlock()
	redistest.Until(l.t, fmt.Sprintf("%d more calls go well and Watch beats", calls), func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.done >= want && l.beat.After(began)
	})
}

// watch checks each heartbeat: every write that began after the first one and had returned at its
// time has been reported.
func (l *load) watch(ctx context.Context) {
	for ctx.Err() == nil {
		told := make(map[latchkey.ID]bool)
		var first time.Time
		err := l.s.Watch(ctx, func(id latchkey.ID) { told[id] = true }, func(asOf time.Time) {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.beat = asOf
			if first.IsZero() {
				first = time.Now()
				l.watches++
			}
			l.writes = slices.DeleteFunc(l.writes, func(w write) bool {
				covered := w.to.Before(asOf)
				if covered && w.from.After(first) && !told[w.id] {
					l.t.Errorf("a beat as of %v after a write that was not told of", asOf.Sub(w.to))
				}
				return covered
			})
		})
		if err == nil {
			l.t.Error("Watch returned nil")
		}
		pause(ctx)
	}
}

// pause keeps a loop from spinning while real servers are down.
func pause(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(5 * time.Millisecond):
	}
}

// count counts how a call ended.
func (l *load) count(began, ended time.Time, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.longest = max(l.longest, ended.Sub(began))
	if err == nil {
		l.done++
	} else {
		l.failed++
	}
}

// A life works on one session, which nobody else touches.
type life struct {
	*load
	ctx    context.Context
	rec    *latchkey.Record // as it is stored; nil: lost
	doubts bool             // a write of unknown outcome may yet arrive
}

// live creates the session, swaps, uses, lists, ends and revokes it.
func (s *life) live() {
	if !s.write(s.rec, s.s.Create) {
		return
	}
	for range 6 {
		s.swap(func(rec *latchkey.Record) *latchkey.Record {
			next := *rec
			next.Version++
			return &next
		})
	}
	if s.rec == nil {
		return
	}
	s.call(func() error { return s.s.Touch(s.ctx, []latchkey.Seen{{ID: s.rec.ID, At: time.Now()}}) })
	s.call(func() error {
		_, err := s.s.ByUser(s.ctx, s.rec.App, s.rec.User.ID, 10)
		return err
	})
	s.swap(ended)
	s.swap(revoked)
}

// swap makes a change. If the outcome is unknown it reads the record.
func (s *life) swap(change func(*latchkey.Record) *latchkey.Record) {
	if s.rec == nil {
		return
	}
	next := change(s.rec)
	if s.write(next, s.s.Swap) {
		s.rec = next
		return
	}
	for s.ctx.Err() == nil {
		var got *latchkey.Record
		err := s.call(func() (err error) {
			got, err = s.s.Get(s.ctx, next.ID)
			return err
		})
		switch {
		case err == nil:
			s.check(got.Version, next.Version)
			s.rec = got
			return
		case errors.Is(err, latchkey.ErrNotFound):
			s.mu.Lock()
			s.lost++
			s.mu.Unlock()
			s.rec = nil
			return
		}
		pause(s.ctx)
	}
}

// check fails the test if a version is neither the one that was tried nor the one before.
func (s *life) check(got, tried uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if got != tried && got != tried-1 && !s.mayLose {
		s.t.Errorf("version %d after a Swap to %d", got, tried)
	}
}

func (s *life) write(rec *latchkey.Record, do func(context.Context, *latchkey.Record) error) bool {
	from := time.Now()
	err := s.call(func() error { return do(s.ctx, rec) })
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		s.writes = append(s.writes, write{rec.ID, from, time.Now()})
	}
	s.doubts = s.doubts || err != nil
	return err == nil
}

// call makes a call and checks its error: a session is not gone, and nobody else has changed it.
func (s *life) call(do func() error) error {
	began := time.Now()
	err := do()
	if s.ctx.Err() != nil {
		return err
	}
	s.count(began, time.Now(), err)
	s.mu.Lock()
	defer s.mu.Unlock()
	if errors.Is(err, latchkey.ErrNotFound) && !s.mayLose || errors.Is(err, latchkey.ErrConflict) && !s.mayLose && !s.doubts {
		s.t.Errorf("%v, though nothing was lost", err)
	}
	return err
}
