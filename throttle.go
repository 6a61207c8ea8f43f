package latchkey

import (
	"hash/maphash"
	"math"
	"sync"
	"time"
)

// Login attempts are counted in lanes. A stranger shares the lane of the account that he tries with all other strangers, and the lane of his address with
// all accounts that he tries. A browser that has logged in to this account before has a lane of its own: no stranger can fill it, so none
// can lock a user out of the browser that he uses (ASVS V6.1.1). Such browsers of an account share one more lane: whoever was in once must not get a fresh one with each login.
//
// Within its allowance a lane costs nothing. Beyond it each failure doubles the wait until the next attempt.
type lane struct {
	kind laneKind
	key  string
}

type laneKind byte

const (
	accountLane laneKind = iota
	addressLane
	deviceLane  // of one known browser
	devicesLane // of all known browsers of an account
)

// allowance is how many failures in a row a lane has before it must wait.
var allowance = [...]int{accountLane: 5, addressLane: 30, deviceLane: 10, devicesLane: 30}

const (
	firstWait    = time.Second
	longestWait  = 15 * time.Minute
	laneMemory   = 24 * time.Hour // without a failure for so long, a lane is forgotten
	lanesInShard = 2048
)

// throttle keeps the lanes of this node, at most about half a million of them.
type throttle struct {
	seed   maphash.Seed // so that nobody can choose in which shard his lanes come to lie
	shards [256]throttleShard
}

func newThrottle() *throttle { return &throttle{seed: maphash.MakeSeed()} }

type throttleShard struct {
	mu    sync.Mutex
	lanes map[lane]tally
}

// A tally is what a lane has behind it.
type tally struct {
	failures int
	last     time.Time // of the newest attempt
}

// wait is how long after the newest attempt the next one may come.
func (t tally) wait(kind laneKind) time.Duration {
	over := t.failures - allowance[kind]
	if over < 0 {
		return 0
	}
	if over > 10 {
		return longestWait
	}
	return min(firstWait<<over, longestWait)
}

// enter counts an attempt as a failure before anybody has looked at the password, so that guesses made at the same time cannot slip through together
// (THR-05). It returns how long to wait instead, where a lane is over its allowance; then nothing is counted.
func (t *throttle) enter(lanes []lane, now time.Time) (wait time.Duration) {
	for i, l := range lanes {
		if wait = t.enterOne(l, now); wait > 0 {
			t.leave(lanes[:i])
			return wait
		}
	}
	return 0
}

func (t *throttle) enterOne(l lane, now time.Time) time.Duration {
	s := t.shard(l)
	s.mu.Lock()
	defer s.mu.Unlock()
	past := s.lanes[l]
	if now.Sub(past.last) > laneMemory {
		past = tally{}
	}
	if now.Before(past.last) {
		now = past.last // another came later, and was faster
	}
	if left := past.wait(l.kind) - now.Sub(past.last); left > 0 {
		return left
	}
	s.makeRoom(l, now)
	s.lanes[l] = tally{past.failures + 1, now}
	return 0
}

// leave takes one attempt back that was no failure: nobody could look, or the password was right.
func (t *throttle) leave(lanes []lane) {
	for _, l := range lanes {
		s := t.shard(l)
		s.mu.Lock()
		if past, ok := s.lanes[l]; ok {
			past.failures--
			s.lanes[l] = past
			if past.failures <= 0 {
				delete(s.lanes, l)
			}
		}
		s.mu.Unlock()
	}
}

// clear forgets what a lane has behind it.
func (t *throttle) clear(l lane) {
	s := t.shard(l)
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.lanes, l)
}

func (t *throttle) shard(l lane) *throttleShard {
	return &t.shards[byte(maphash.Comparable(t.seed, l))]
}

// makeRoom bounds the shard. What is forgotten first is what is over, then whatever of a few has failed least: filling the
// table with one-off attempts does not wash a busy lane out.
func (s *throttleShard) makeRoom(newcomer lane, now time.Time) {
	if s.lanes == nil {
		s.lanes = make(map[lane]tally)
	}
	if _, there := s.lanes[newcomer]; there || len(s.lanes) < lanesInShard {
		return
	}
	var least lane
	fewest, looked := math.MaxInt, 0
	for l, t := range s.lanes { // Go begins anywhere
		if now.Sub(t.last) > laneMemory {
			delete(s.lanes, l)
			return
		}
		if t.failures < fewest {
			least, fewest = l, t.failures
		}
		if looked++; looked == 16 {
			break
		}
	}
	delete(s.lanes, least)
}
