package webhook

import (
	"sync"
	"time"
)

// The signature contains no time, so an event counts for an hour from its creation, and once. Older
// events are not needed: a session is refreshed within its cap, and then the provider refuses.
const (
	maxAge  = time.Hour
	maxSkew = 5 * time.Minute
	maxSeen = 50_000 // in each of the two sets
)

// seen remembers the events of the last hour that were done with, in two sets that take turns. It
// belongs to this process: at another node a copy of an event counts once more.
type seen struct {
	mu         sync.Mutex
	young, old map[string]struct{}
	begun      time.Time // of young
}

func (s *seen) has(id string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.turn(now)
	_, young := s.young[id]
	_, old := s.old[id]
	return young || old
}

func (s *seen) add(id string, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.turn(now)
	s.young[id] = struct{}{}
}

// turn begins a new set when the young one is an hour old, or full. An event may come from the
// future, by maxSkew.
func (s *seen) turn(now time.Time) {
	if s.young != nil && len(s.young) < maxSeen && now.Sub(s.begun) < maxAge+maxSkew {
		return
	}
	s.young, s.old, s.begun = make(map[string]struct{}), s.young, now
}
