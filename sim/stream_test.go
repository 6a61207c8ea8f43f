package sim

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/latchkey-dev/latchkey"
)

// A watchedLink is a link through which the store also reports every write, so that the node caches
// records. Reports arrive late, and later still while the stream is cut.
type watchedLink struct {
	*link
	own *stream
}

var _ latchkey.Watcher = (*watchedLink)(nil)

const (
	streamBeat = 600 * time.Millisecond
	streamLag  = 800 * time.Millisecond // of the slowest node, so that a heartbeat always arrives before the last one is too old
)

// A stream is what one process has not been notified of yet.
type stream struct {
	node int
	lag  time.Duration
	news chan struct{}

	mu       sync.Mutex
	items    []item
	cutUntil time.Time
	broken   bool
}

// An item is the id of a session that was written, or a heartbeat.
type item struct {
	due time.Time
	id  latchkey.ID
	at  time.Time // of a heartbeat
}

// listen begins a stream for a process of a node.
func (s *shared) listen(node int) *stream {
	s.mu.Lock()
	defer s.mu.Unlock()
	own := &stream{node: node, lag: time.Duration(node+1)*streamLag/4 + time.Duration(len(s.streams)), news: make(chan struct{}, 1)} // no two at the same instant
	s.streams = append(s.streams, own)
	return own
}

// tell notifies all processes of a write.
func (s *shared) tell(id latchkey.ID) {
	for _, to := range s.listening() {
		to.send(item{id: id})
	}
}

// cut keeps the streams of a node silent until a time, or breaks them off.
func (s *shared) cut(node int, how string, until time.Time) {
	for _, to := range s.listening() {
		if to.node == node {
			to.cut(how, until)
		}
	}
}

func (s *shared) listening() []*stream {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.streams)
}

func (s *stream) send(it item) {
	s.mu.Lock()
	defer s.mu.Unlock()
	it.due = time.Now().Add(s.lag)
	s.items = append(s.items, it)
	s.wake()
}

func (s *stream) wake() {
	select {
	case s.news <- struct{}{}:
	default:
	}
}

func (s *stream) cut(how string, until time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cutUntil, s.broken = until, how == "broken"
	s.wake()
}

// next returns what has arrived, and when there may be more.
func (s *stream) next(now time.Time) (arrived []item, more time.Time, broken bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Before(s.cutUntil) {
		return nil, s.cutUntil, s.broken
	}
	n := 0
	for n < len(s.items) && !s.items[n].due.After(now) {
		n++
	}
	arrived, s.items = s.items[:n:n], s.items[n:]
	more = now.Add(time.Hour)
	if len(s.items) > 0 {
		more = s.items[0].due
	}
	return arrived, more, false
}

func (l *watchedLink) Watch(ctx context.Context, changed func(latchkey.ID), beat func(time.Time)) error {
	s := l.own
	s.mu.Lock()
	s.items = nil
	s.mu.Unlock()
	for beatAt := time.Now(); ; {
		now := time.Now()
		if !now.Before(beatAt) {
			s.send(item{at: now})
			beatAt = now.Add(streamBeat)
		}
		arrived, more, broken := s.next(now)
		if broken {
			return errDown
		}
		for _, it := range arrived {
			if it.at.IsZero() {
				changed(it.id)
			} else {
				beat(it.at)
			}
		}
		if beatAt.Before(more) {
			more = beatAt
		}
		timer := time.NewTimer(time.Until(more))
		select {
		case <-timer.C:
		case <-s.news:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
		timer.Stop()
	}
}
