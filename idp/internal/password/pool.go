package password

import (
	"context"
	"sync/atomic"
)

// A pool lets a fixed number run at once, keeps a bounded number waiting, and refuses the rest.
type pool struct {
	running chan struct{}
	waiting atomic.Int64
	queue   int64
}

func newPool(workers, queue int) *pool {
	return &pool{running: make(chan struct{}, workers), queue: int64(queue)}
}

// enter waits for a place in the pool. A caller that goes away leaves the queue.
func (p *pool) enter(ctx context.Context) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	select {
	case p.running <- struct{}{}:
		return nil
	default:
	}
	defer p.waiting.Add(-1)
	if p.waiting.Add(1) > p.queue {
		return ErrBusy
	}
	select {
	case p.running <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *pool) leave() { <-p.running }
