package steps

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-dev/latchkey"
)

// An actor is one request that stops before and after each of its calls of the store and of the
// provider, until the test lets it go on. Whatever runs on its behalf, a refresh that it shares for
// instance, is known by its context.
type actor struct {
	node int // on which it runs: what it does between two calls touches the memory of that node
	goOn chan struct{}

	mu   sync.Mutex
	next *move // what it stands before; nil while it runs, waits or has returned
	done bool
}

// A move is what an actor does between two stops: one call, or what lies between two calls.
type move struct {
	node  int
	call  *operation // nil: what lies between two calls
	after *operation // then: the call before it; nil at the beginning
}

// independent reports whether two moves commute. Between its calls
// a request that ends a session and one that uses it share one thing, the ends that their node
// knows: looked up after every Get, and written after an end has been stored. With flights they may
// share a refresh as well, and all that they do on one node counts.
func (m move) independent(o move, flights bool) bool {
	switch {
	case m.call == nil && o.call == nil:
		return m.node != o.node || !flights && !(m.notes() && o.looksUp() || o.notes() && m.looksUp() || m.notes() && o.notes())
	case m.call == nil || o.call == nil || m.call.on != o.call.on:
		return true
	}
	return !m.call.writes && !o.call.writes || m.call.id != o.call.id && m.call.id != latchkey.ID{} && o.call.id != latchkey.ID{}
}

func (m move) looksUp() bool { return m.after != nil && m.after.name == "Get" }

func (m move) notes() bool { return m.after != nil && m.after.ends }

type actorKey struct{}

// stepping is the front that stops actors. The background work of the guards waits while there is a
// hold.
type stepping struct {
	mu   sync.Mutex
	hold chan struct{}
}

func (s *stepping) front(ctx context.Context, op operation, do func() error) error {
	a, ok := ctx.Value(actorKey{}).(*actor)
	if !ok {
		s.mu.Lock()
		hold := s.hold
		s.mu.Unlock()
		if hold != nil && ctx.Value(bystander{}) == nil {
			<-hold
		}
		return do()
	}
	if !a.stop(ctx, move{call: &op}) {
		return ctx.Err()
	}
	err := do()
	a.stop(ctx, move{after: &op})
	return err
}

// bystander marks the context of a request that passes while two actors race.
type bystander struct{}

// stop returns when the test lets the actor go on, or false when its time is over.
func (a *actor) stop(ctx context.Context, m move) bool {
	m.node = a.node
	a.mu.Lock()
	a.next = &m
	a.mu.Unlock()
	select {
	case <-a.goOn:
		return true
	case <-ctx.Done():
		a.mu.Lock()
		a.next = nil
		a.mu.Unlock()
		return false
	}
}

func (a *actor) state() (next *move, done bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.next, a.done
}

// start runs a request as an actor, which stops before it begins.
func start(node int, request func(context.Context)) *actor {
	a := &actor{node: node, goOn: make(chan struct{})}
	go func() {
		a.stop(context.Background(), move{})
		request(context.WithValue(context.Background(), actorKey{}, a))
		a.mu.Lock()
		a.done = true
		a.mu.Unlock()
	}()
	return a
}

// race lets two actors go on in the order of the schedule until both have returned. With naps, time
// may pass so often while one of them stands still and the other waits for a time.
func (s *stepping) race(t *testing.T, plan *schedule, actors [2]*actor, nap time.Duration, naps int) {
	s.mu.Lock()
	s.hold = make(chan struct{})
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		close(s.hold)
		s.hold = nil
	}()
	for began := time.Now(); ; {
		synctest.Wait()
		var moves [2]*move
		running, waiting := 0, false
		for i, a := range actors {
			next, done := a.state()
			moves[i] = next
			if !done {
				running++
			}
			waiting = waiting || !done && next == nil
		}
		switch {
		case running == 0:
			return
		case time.Since(began) > time.Minute:
			t.Fatalf("after a minute somebody still waits: %s", plan)
		case moves[0] == nil && moves[1] == nil:
			time.Sleep(10 * time.Millisecond)
			continue
		}
		taken := plan.choose(moves, waiting && naps > 0)
		if taken == len(actors) {
			naps--
			time.Sleep(nap)
			continue
		}
		a := actors[taken]
		a.mu.Lock()
		a.next = nil
		a.mu.Unlock()
		a.goOn <- struct{}{}
	}
}
