package latchkey

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// freshFor is for how long records may be served from memory after the store last vouched for what it had told. It bounds how long a session that was ended elsewhere
// is served here when the stream is cut without a word.
const freshFor = 1500 * time.Millisecond

// watchAgain is how long a node waits before it listens again to a store that broke the stream off.
const watchAgain = 250 * time.Millisecond

// A cache keeps living records in memory as long as the store tells of every change (Watcher). What it returns may be served from, and nothing else be
// decided on it: it has no refresh token and no device. A nil cache is one that never has anything.
type cache struct {
	app    string
	began  time.Time
	fresh  atomic.Int64 // until when records may be served, in nanoseconds since began
	awake  atomic.Int64 // the same by the wall clock, which goes on while the machine sleeps
	limit  int          // records in a shard
	lists  sharedLists
	shards [256]cacheShard
}

type cacheShard struct {
	mu      sync.RWMutex
	changes uint64 // how often something here was changed: what was read before must not be kept after
	records map[ID]*cachedRecord
}

type cachedRecord struct {
	*Record
	used   atomic.Bool // since something was last looked for to be evicted
	token  openedToken
	proven atomic.Pointer[provenCookie] // that the session was served for from memory last
}

func newCache(app string, size int) *cache {
	c := &cache{app: app, began: time.Now(), limit: max(1, size/256)}
	for i := range c.shards {
		c.shards[i].records = make(map[ID]*cachedRecord)
	}
	return c
}

func (c *cache) shard(id ID) *cacheShard { return &c.shards[id[0]] }

func (c *cache) isFresh() bool { return c.heardWithin(freshFor) }

// heardWithin tells whether the store has vouched within some time, which is at most freshFor, for what it had told.
func (c *cache) heardWithin(d time.Duration) bool {
	if c == nil {
		return false
	}
	now, earlier := time.Now(), freshFor-d
	return int64(now.Sub(c.began)+earlier) < c.fresh.Load() && now.UnixNano()+int64(earlier) < c.awake.Load()
}

// get returns the record of a session, or nil.
func (c *cache) get(id ID) *cachedRecord {
	if !c.isFresh() {
		return nil
	}
	s := c.shard(id)
	s.mu.RLock()
	found := s.records[id]
	s.mu.RUnlock()
	if found == nil {
		return nil
	}
	if !found.used.Load() { // else all who read it would write to the same memory
		found.used.Store(true)
	}
	return found
}

// A ticket is taken before the store is read, and allows to keep what was read if nothing was told of meanwhile.
type ticket struct {
	changes uint64
	valid   bool
}

func (c *cache) ticket(id ID) ticket {
	if !c.isFresh() {
		return ticket{}
	}
	s := c.shard(id)
	s.mu.RLock()
	defer s.mu.RUnlock()
	return ticket{s.changes, true}
}

// put keeps what was read with the ticket. Ended sessions are not kept: they are rare, and only reading the store may tell of an end.
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
	s.records[rec.ID] = &cachedRecord{Record: c.compact(rec)}
}

// evict makes room: of the first few that come, in the random order of a map, the first that nobody has used since it was last looked at.
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

// beat allows to serve what is kept for a while: at that time everything had been told of.
func (c *cache) beat(asOf time.Time) {
	c.awake.Store(asOf.Add(freshFor).UnixNano())
	c.fresh.Store(int64(asOf.Sub(c.began) + freshFor))
}

// broken forgets everything, and serves nothing until the next beat: changes may have been missed.
func (c *cache) broken() {
	c.fresh.Store(0)
	c.forget()
}

// forget empties the cache.
func (c *cache) forget() {
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.Lock()
		s.changes++
		clear(s.records)
		s.mu.Unlock()
	}
}

// keepFresh listens to the store until ctx ends. While it cannot, every request reads the store.
func (g *Guard) keepFresh(ctx context.Context, w Watcher) {
	defer close(g.watched)
	away := true
	own := g.store.(*writeThrough)
	changed := func(id ID) {
		if id == g.cutoff.id {
			g.cutoff.told.Store(true)
			g.cache.forget()
			return
		}
		g.cache.changed(id)
		if own.wrote(id) {
			return
		}
		select {
		case g.others <- id:
		default: // one of them will do
		}
	}
	beat := func(asOf time.Time) {
		if away { // it may be another store now, or have lost its newest writes, and what it told meanwhile was not heard
			away = false
			g.cutoff.told.Store(true)
			g.lossy.Store(true)
			g.wake()
		}
		g.cache.beat(asOf)
	}
	for reported := false; ctx.Err() == nil; {
		err := g.contain(ctx, "watch", func() error { return w.Watch(ctx, changed, beat) })
		reported = reported && away // once for each outage
		away = true
		g.cache.broken()
		if ctx.Err() != nil {
			return
		}
		if !reported {
			reported = true
			g.log.WarnContext(ctx, "the store does not tell of changes any more: sessions are read from it until it does", "app", g.app, "error", err)
		}
		select {
		case <-time.After(watchAgain):
		case <-ctx.Done():
		}
	}
}

// writeThrough is the store, with the node's own writes known to its cache before they return. What failed may have taken effect.
type writeThrough struct {
	Store
	cache *cache
	own   [256]atomic.Pointer[ID] // what this node wrote last, by the first byte
}

func (s *writeThrough) wrote(id ID) bool {
	last := s.own[id[0]].Load()
	return last != nil && *last == id
}

func (s *writeThrough) Create(ctx context.Context, rec *Record) error {
	s.own[rec.ID[0]].Store(&rec.ID)
	defer s.cache.changed(rec.ID)
	return s.Store.Create(ctx, rec)
}

func (s *writeThrough) Swap(ctx context.Context, next *Record) error {
	s.own[next.ID[0]].Store(&next.ID)
	defer s.cache.changed(next.ID)
	return s.Store.Swap(ctx, next)
}

// readCached returns a record that may be served from, and no more: from memory if it is there, else from the store. What is in memory comes with all that is kept beside it.
func (g *Guard) readCached(ctx context.Context, id ID) (*Record, *cachedRecord, error) {
	if found := g.cache.get(id); found != nil {
		return found.Record, found, nil
	}
	t := g.cache.ticket(id)
	rec, err := g.read(ctx, id)
	if err == nil {
		g.cache.put(t, rec)
	}
	return rec, nil, err
}
