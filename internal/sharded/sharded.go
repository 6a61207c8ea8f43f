// Package sharded has a map for many goroutines.
package sharded

import (
	"maps"
	"sync"
)

// A Map has values by the ids of sessions, in 256 shards, so that requests of different sessions do
// not wait for one another. The ids must be random: the first byte names the shard. The zero Map is
// empty.
type Map[K ~[16]byte, V any] struct {
	shards [256]shard[K, V]
}

type shard[K ~[16]byte, V any] struct {
	mu     sync.Mutex // an RWMutex costs every Set more than it saves a Get
	values map[K]V
}

// Get returns the value of a key, and whether it has one.
func (m *Map[K, V]) Get(key K) (value V, ok bool) {
	s := &m.shards[key[0]]
	s.mu.Lock()
	value, ok = s.values[key]
	s.mu.Unlock()
	return value, ok
}

// Set sets the value of a key.
func (m *Map[K, V]) Set(key K, value V) {
	s := &m.shards[key[0]]
	s.mu.Lock()
	s.set(key, value)
	s.mu.Unlock()
}

// SetFirst sets the value of a key that has none, and reports whether it did.
func (m *Map[K, V]) SetFirst(key K, value V) bool {
	s := &m.shards[key[0]]
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.values[key]; ok {
		return false
	}
	s.set(key, value)
	return true
}

func (s *shard[K, V]) set(key K, value V) {
	if s.values == nil {
		s.values = make(map[K]V)
	}
	s.values[key] = value
}

// DeleteIf deletes the key if its value is such.
func (m *Map[K, V]) DeleteIf(key K, such func(V) bool) {
	s := &m.shards[key[0]]
	s.mu.Lock()
	defer s.mu.Unlock()
	if value, ok := s.values[key]; ok && such(value) {
		delete(s.values, key)
	}
}

// DeleteFunc deletes the keys for which del returns true. It holds up one shard at a time.
func (m *Map[K, V]) DeleteFunc(del func(K, V) bool) {
	for i := range m.shards {
		s := &m.shards[i]
		s.mu.Lock()
		maps.DeleteFunc(s.values, del)
		s.mu.Unlock()
	}
}

// All calls visit for each value, in no order. It holds up one shard at a time.
func (m *Map[K, V]) All(visit func(K, V)) {
	for i := range m.shards {
		s := &m.shards[i]
		s.mu.Lock()
		for key, value := range s.values {
			visit(key, value)
		}
		s.mu.Unlock()
	}
}
