// Package turns bounds how much work is done at a time, and gives nobody two turns at once.
package turns

import (
	"context"
	"errors"
	"sync"
)

// ErrTaken means that the key has a turn, or waits for one.
var ErrTaken = errors.New("this key has a turn already")

// Turns are a number of turns, each for one key at a time. A client that sends work without end
// under its own key takes one of them, and the others go on.
type Turns[K comparable] struct {
	free chan struct{}
	mu   sync.Mutex
	keys map[K]bool // that have a turn, or wait for one
}

// New returns n turns, at least one.
func New[K comparable](n int) *Turns[K] {
	return &Turns[K]{free: make(chan struct{}, n), keys: make(map[K]bool)}
}

// Do waits for a turn and calls work. The error is ErrTaken, or that of ctx if it ended before a
// turn came; then work was not called.
func (t *Turns[K]) Do(ctx context.Context, key K, work func()) error {
	if !t.enter(key) {
		return ErrTaken
	}
	defer t.leave(key)
	select {
	case t.free <- struct{}{}:
		defer func() { <-t.free }()
	case <-ctx.Done():
		return ctx.Err()
	}
	work()
	return nil
}

func (t *Turns[K]) enter(key K) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.keys[key] {
		return false
	}
	t.keys[key] = true
	return true
}

func (t *Turns[K]) leave(key K) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.keys, key)
}
