package gateway

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/internal/crash"
)

const (
	// recheck is how often the sessions of open streams are looked up, because they may have ended
	// on another node.
	recheck = 350 * time.Millisecond
	// recheckers is how many are looked up at the same time.
	recheckers = 8
	// unknownFor is how long streams continue if the store cannot say whether their sessions do:
	// long enough for a failover.
	unknownFor = time.Minute
)

// streams are the responses that may never end by themselves: WebSockets, and responses without a
// length.
type streams struct {
	longest      time.Duration // a stream with a session is cut after this time
	longestBound time.Duration // the same for a session that is bound to a device
	log          *slog.Logger
	told         perMinute // for panics

	knownAt time.Time // when all sessions were last looked up successfully; used by the watching goroutine only

	mu        sync.Mutex
	closed    bool
	bySession map[latchkey.ID]map[*stream]struct{} // the zero ID: no session

	stopWatch context.CancelFunc
	watching  sync.WaitGroup
}

type stream struct {
	cut   context.CancelFunc
	began time.Time   // when its request came
	timer *time.Timer // nil: the stream may continue
}

func newStreams(c latchkey.Config, log *slog.Logger) *streams {
	s := &streams{log: log, bySession: make(map[latchkey.ID]map[*stream]struct{})}
	s.longest, s.longestBound = longestStreams(c)
	return s
}

// hold registers the stream of an exchange until released is called. It is cut when its session
// ends, and when what opened it has expired: a thief of that must not keep the stream.
func (s *streams) hold(x *exchange) (released func()) {
	held, id := &stream{cut: x.cancel, began: x.began}, latchkey.ID{}
	if x.session != nil {
		id = x.session.ID
		held.timer = time.AfterFunc(held.left(s.longestOf(x.session)), x.cancel)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bySession[id] == nil {
		s.bySession[id] = make(map[*stream]struct{})
	}
	s.bySession[id][held] = struct{}{}
	if s.closed {
		held.cut()
	}
	return func() { s.release(id, held) }
}

// left is what remains of the time that a stream may live.
func (held *stream) left(longest time.Duration) time.Duration {
	return longest - time.Since(held.began)
}

func (s *streams) longestOf(session *latchkey.Session) time.Duration {
	if session.DeviceBound {
		return s.longestBound
	}
	return s.longest
}

func (s *streams) release(id latchkey.ID, held *stream) {
	if held.timer != nil {
		held.timer.Stop()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.bySession[id], held)
	if len(s.bySession[id]) == 0 {
		delete(s.bySession, id)
	}
}

// end cuts the streams of a session.
func (s *streams) end(id latchkey.ID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for held := range s.bySession[id] {
		held.cut()
	}
}

// shorten gives the streams of a session that is bound from now on the time of those that will be
// opened: a thief needed no proof to open one before.
func (s *streams) shorten(id latchkey.ID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for held := range s.bySession[id] {
		held.timer.Reset(held.left(s.longestBound))
	}
}

// closeAll cuts all streams, present and future.
func (s *streams) closeAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for _, ofOne := range s.bySession {
		for held := range ofOne {
			held.cut()
		}
	}
}

func (s *streams) sessions() []latchkey.ID {
	s.mu.Lock()
	defer s.mu.Unlock()
	ids := make([]latchkey.ID, 0, len(s.bySession))
	for id := range s.bySession {
		if id != (latchkey.ID{}) {
			ids = append(ids, id)
		}
	}
	return ids
}

// watch looks for sessions that have ended elsewhere, until stop. If the store does not answer,
// streams continue, but not for long.
func (s *streams) watch(ended func(context.Context, latchkey.ID) (latchkey.EndReason, error)) {
	ctx, stop := context.WithCancel(context.Background())
	s.stopWatch, s.knownAt = stop, time.Now()
	s.watching.Go(func() {
		tick := time.NewTicker(recheck)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				s.lookUp(ctx, ended)
			}
		}
	})
}

func (s *streams) lookUp(ctx context.Context, ended func(context.Context, latchkey.ID) (latchkey.EndReason, error)) {
	ids := make(chan latchkey.ID)
	var workers sync.WaitGroup
	var unknown atomic.Bool
	sessions, began := s.sessions(), time.Now()
	for range min(recheckers, len(sessions)) {
		workers.Go(func() {
			for id := range ids {
				var reason latchkey.EndReason
				err := crash.Contain(func() (err error) { reason, err = ended(ctx, id); return err })
				if err != nil {
					unknown.Store(true)
				}
				if crashed, ok := err.(*crash.Error); ok && s.told.due(time.Now()) {
					s.log.Error("panic while looking up a stream's session", "error", crashed)
				}
				if reason != "" || err != nil && began.Sub(s.knownAt) > unknownFor {
					s.end(id)
				}
			}
		})
	}
	for _, id := range sessions {
		ids <- id
	}
	close(ids)
	workers.Wait()
	if !unknown.Load() {
		s.knownAt = began
	}
}

func (s *streams) stop() {
	s.stopWatch()
	s.watching.Wait()
}
