// Package flight lets those who want the same thing at the same time share one call. The call does
// not belong to the one who started it: if that one goes away, the others still get its result.
package flight

import (
	"context"
	"sync"
)

// A Group has at most one flight at a time for each key. Its methods may be called by many
// goroutines.
type Group[K comparable, S, R any] struct {
	// Contain runs a call, and turns a panic into an error.
	Contain func(run func() error) error

	mu      sync.Mutex
	open    map[K]*Flight[S, R]
	running sync.WaitGroup
}

// A Flight is one call under way.
type Flight[S, R any] struct {
	starter S
	done    chan struct{} // closed when result and err are there
	result  R
	err     error
}

// Begin starts a flight, unless the key has one: then that one is shared. It does not wait.
func (g *Group[K, S, R]) Begin(key K, starter S, run func() (R, error)) (f *Flight[S, R], shared bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	f, shared = g.open[key]
	if shared {
		return f, true
	}
	f = &Flight[S, R]{starter: starter, done: make(chan struct{})}
	if g.open == nil {
		g.open = make(map[K]*Flight[S, R])
	}
	g.open[key] = f
	g.running.Go(func() { g.run(key, f, run) })
	return f, false
}

func (g *Group[K, S, R]) run(key K, f *Flight[S, R], run func() (R, error)) {
	defer func() {
		g.mu.Lock()
		delete(g.open, key)
		g.mu.Unlock()
		close(f.done)
	}()
	f.err = g.Contain(func() (err error) {
		f.result, err = run()
		return err
	})
}

// Wait returns when every flight has ended.
func (g *Group[K, S, R]) Wait() { g.running.Wait() }

// Starter is what the one who started the flight came with.
func (f *Flight[S, R]) Starter() S { return f.starter }

// Wait returns the result of the call, or the error of ctx if that ends first.
func (f *Flight[S, R]) Wait(ctx context.Context) (R, error) {
	select {
	case <-f.done:
		return f.result, f.err
	case <-ctx.Done():
		var none R
		return none, ctx.Err()
	}
}
