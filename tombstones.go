package latchkey

import (
	"maps"
	"slices"
	"sync"
	"time"
)

// tombstones are the ended sessions that this node has written or read within one session cap. A
// store that loses its newest writes, a replica that took over for instance, must not bring an
// ended session back (rule 5).
type tombstones struct {
	shards [256]tombstoneShard // by the first byte of the id
}

type tombstoneShard struct {
	mu   sync.RWMutex
	byID map[ID]*Record
}

func (t *tombstones) add(tombstone *Record) {
	s := &t.shards[tombstone.ID[0]]
	s.mu.Lock()
	defer s.mu.Unlock()
	s.put(tombstone)
}

// addFirst adds the tombstone unless the session has one, and reports whether it did.
func (t *tombstones) addFirst(tombstone *Record) bool {
	s := &t.shards[tombstone.ID[0]]
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byID[tombstone.ID] != nil {
		return false
	}
	s.put(tombstone)
	return true
}

func (s *tombstoneShard) put(tombstone *Record) {
	if s.byID == nil {
		s.byID = make(map[ID]*Record)
	}
	s.byID[tombstone.ID] = tombstone
}

// of returns the tombstone of a session, or nil.
func (t *tombstones) of(id ID) *Record {
	s := &t.shards[id[0]]
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.byID[id]
}

// forget drops the tombstones from before a time, except those that must be kept.
func (t *tombstones) forget(before time.Time, kept func(ID) bool) {
	for i := range t.shards {
		s := &t.shards[i]
		s.mu.Lock()
		maps.DeleteFunc(s.byID, func(id ID, tombstone *Record) bool {
			return tombstone.EndedAt.Before(before) && !kept(id)
		})
		s.mu.Unlock()
	}
}

// all returns the tombstones, in no order.
func (t *tombstones) all() []*Record {
	var all []*Record
	for i := range t.shards {
		s := &t.shards[i]
		s.mu.RLock()
		all = slices.AppendSeq(all, maps.Values(s.byID))
		s.mu.RUnlock()
	}
	return all
}
