package throttle

import (
	"hash/maphash"
	"sync"
	"time"
)

const shards = 256

// A table keeps at most a given number of buckets, by key.
type table[K comparable, B bucket[B]] struct {
	seed   maphash.Seed // keeps strangers from choosing the shard of their bucket
	shards [shards]shard[K, B]
}

type bucket[B any] interface {
	idle(now time.Time) bool // as good as a new one
	lighter(than B) bool     // is evicted first
}

func newTable[K comparable, B bucket[B]](buckets int) *table[K, B] {
	t := &table[K, B]{seed: maphash.MakeSeed()}
	for i := range t.shards {
		t.shards[i].capacity = max(1, buckets/shards)
		t.shards[i].buckets = make(map[K]B)
	}
	return t
}

// lock returns the shard of a key, locked.
func (t *table[K, B]) lock(key K) *shard[K, B] {
	s := &t.shards[byte(maphash.Comparable(t.seed, key))]
	s.mu.Lock()
	return s
}

func (t *table[K, B]) remove(key K) {
	s := t.lock(key)
	defer s.mu.Unlock()
	delete(s.buckets, key)
}

type shard[K comparable, B bucket[B]] struct {
	mu       sync.Mutex
	capacity int
	buckets  map[K]B
}

func (s *shard[K, B]) put(key K, b B, now time.Time) {
	if _, kept := s.buckets[key]; !kept && len(s.buckets) >= s.capacity {
		s.evict(now)
	}
	s.buckets[key] = b
}

// evict removes an idle bucket or, if there is none among a few, the lightest of them: a flood of
// keys that are used once does not wash out a busy one.
func (s *shard[K, B]) evict(now time.Time) {
	var lightest K
	looked := 0
	for key, b := range s.buckets { // in random order
		if b.idle(now) {
			delete(s.buckets, key)
			return
		}
		if looked == 0 || b.lighter(s.buckets[lightest]) {
			lightest = key
		}
		if looked++; looked == 16 {
			break
		}
	}
	delete(s.buckets, lightest)
}
