package fresh

import (
	"sync"
	"sync/atomic"
	"time"
)

// A Cache keeps values by the ids of sessions as long as their store reports every change. The ids
// must be random: the first byte names a shard. A nil Cache is always empty.
type Cache[K ~[16]byte, V any] struct {
	lease  *Lease // values may be served while it holds
	limit  int    // values in a shard
	shards [256]shard[K, V]
}

type shard[K ~[16]byte, V any] struct {
	mu      sync.RWMutex
	changes uint64 // counts the changes here: what was read before one must not be kept after it
	entries map[K]*entry[V]
}

type entry[V any] struct {
	value V
	used  atomic.Bool // since evict last looked
}

// NewCache returns an empty cache for about size values.
func NewCache[K ~[16]byte, V any](size int) *Cache[K, V] {
	c := &Cache[K, V]{lease: NewLease(), limit: max(1, size/256)}
	for i := range c.shards {
		c.shards[i].entries = make(map[K]*entry[V])
	}
	return c
}

// Fresh reports whether values may be served.
func (c *Cache[K, V]) Fresh() bool { return c != nil && c.lease.Holds() }

// FreshWithin reports whether all changes are known that were made until d ago. d is at most For.
func (c *Cache[K, V]) FreshWithin(d time.Duration) bool { return c != nil && c.lease.ExtendedWithin(d) }

// Beat extends how long values may be served: all changes up to asOf are known.
func (c *Cache[K, V]) Beat(asOf time.Time) { c.lease.Extend(asOf) }

// Get returns the value of an id, or nil.
func (c *Cache[K, V]) Get(id K) *V {
	if !c.Fresh() {
		return nil
	}
	s := &c.shards[id[0]]
	s.mu.RLock()
	found := s.entries[id]
	s.mu.RUnlock()
	if found == nil {
		return nil
	}
	if !found.used.Load() { // all who read it would write to the same memory otherwise
		found.used.Store(true)
	}
	return &found.value
}

// A Ticket is taken before the store is read. It lets Put cache what was read, provided the shard
// has not changed since.
type Ticket struct {
	changes uint64
	valid   bool
}

// Ticket returns a ticket to put a value of this id.
func (c *Cache[K, V]) Ticket(id K) Ticket {
	if !c.Fresh() {
		return Ticket{}
	}
	s := &c.shards[id[0]]
	s.mu.RLock()
	defer s.mu.RUnlock()
	return Ticket{s.changes, true}
}

// Put keeps what was read with the ticket: fill sets it.
func (c *Cache[K, V]) Put(t Ticket, id K, fill func(*V)) {
	if !t.valid {
		return
	}
	s := &c.shards[id[0]]
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.changes != t.changes {
		return
	}
	if _, known := s.entries[id]; !known && len(s.entries) >= c.limit {
		s.evict()
	}
	e := &entry[V]{}
	fill(&e.value)
	s.entries[id] = e
}

// evict makes room: of the first few entries, in the random order of a map, it removes the first
// that nobody has used since it last looked.
func (s *shard[K, V]) evict() {
	var last K
	looked := 0
	for id, e := range s.entries {
		last = id
		if looked++; looked == 8 || !e.used.Swap(false) {
			break
		}
	}
	delete(s.entries, last)
}

// Changed drops the value of an id.
func (c *Cache[K, V]) Changed(id K) {
	if c == nil {
		return
	}
	s := &c.shards[id[0]]
	s.mu.Lock()
	s.changes++
	delete(s.entries, id)
	s.mu.Unlock()
}

// Clear drops all values.
func (c *Cache[K, V]) Clear() {
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.Lock()
		s.changes++
		clear(s.entries)
		s.mu.Unlock()
	}
}

// Interrupted drops all values, and serves none until the next Beat: changes may have been missed.
func (c *Cache[K, V]) Interrupted() {
	c.lease.Cancel()
	c.Clear()
}
