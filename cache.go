package latchkey

import (
	"sync"
	"sync/atomic"
	"time"
)

// A cache keeps living records in memory as long as the store reports every change (Watcher). What
// it returns may be served from, and nothing else may be decided on it: it has no refresh token and
// no device. A nil cache is always empty.
type cache struct {
	app    string
	lease  lease // records may be served while it holds
	limit  int   // records in a shard
	lists  sharedLists
	shards [256]cacheShard
}

type cacheShard struct {
	mu      sync.RWMutex
	changes uint64 // counts the changes here: what was read before one must not be kept after it
	records map[ID]*cachedRecord
}

type cachedRecord struct {
	*Record
	used     atomic.Bool // since evict last looked
	token    openedToken
	verified atomic.Pointer[verifiedCookie] // the cookie last verified for this session
}

func newCache(app string, size int) *cache {
	c := &cache{app: app, lease: lease{began: time.Now()}, limit: max(1, size/256)}
	for i := range c.shards {
		c.shards[i].records = make(map[ID]*cachedRecord)
	}
	return c
}

func (c *cache) shard(id ID) *cacheShard { return &c.shards[id[0]] }

func (c *cache) fresh() bool { return c != nil && c.lease.holds() }

// freshWithin reports whether all changes are known that were made until d ago. d is at most freshFor.
func (c *cache) freshWithin(d time.Duration) bool { return c != nil && c.lease.extendedWithin(d) }

// get returns the record of a session, or nil.
func (c *cache) get(id ID) *cachedRecord {
	if !c.fresh() {
		return nil
	}
	s := c.shard(id)
	s.mu.RLock()
	found := s.records[id]
	s.mu.RUnlock()
	if found == nil {
		return nil
	}
	if !found.used.Load() { // all who read it would write to the same memory otherwise
		found.used.Store(true)
	}
	return found
}

// A ticket is taken before the store is read. It lets put cache what was read, provided the shard
// has not changed since.
type ticket struct {
	changes uint64
	valid   bool
}

func (c *cache) ticket(id ID) ticket {
	if !c.fresh() {
		return ticket{}
	}
	s := c.shard(id)
	s.mu.RLock()
	defer s.mu.RUnlock()
	return ticket{s.changes, true}
}

// put keeps what was read with the ticket. It does not keep ended sessions: they are rare, and only
// a read of the store may say that a session is over.
func (c *cache) put(t ticket, rec *Record) {
	if !t.valid || rec.ended() {
		return
	}
	s := c.shard(rec.ID)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.changes != t.changes {
		return
	}
	if _, known := s.records[rec.ID]; !known && len(s.records) >= c.limit {
		s.evict()
	}
	s.records[rec.ID] = &cachedRecord{Record: c.shrink(rec)}
}

// evict makes room: of the first few records, in the random order of a map, it removes the first
// that nobody has used since it last looked.
func (s *cacheShard) evict() {
	var last ID
	looked := 0
	for id, rec := range s.records {
		last = id
		if looked++; looked == 8 || !rec.used.Swap(false) {
			break
		}
	}
	delete(s.records, last)
}

// changed drops the record of a session.
func (c *cache) changed(id ID) {
	if c == nil {
		return
	}
	s := c.shard(id)
	s.mu.Lock()
	s.changes++
	delete(s.records, id)
	s.mu.Unlock()
}

// clear drops all records.
func (c *cache) clear() {
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.Lock()
		s.changes++
		clear(s.records)
		s.mu.Unlock()
	}
}

// interrupted drops all records, and serves none until the next heartbeat: changes may have been
// missed.
func (c *cache) interrupted() {
	c.lease.cancel()
	c.clear()
}
