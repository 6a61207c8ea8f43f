package nodes

import (
	"context"
	"sync/atomic"

	"github.com/latchkey-dev/latchkey"
)

// watched is what all our stores implement.
type watched interface {
	latchkey.Store
	latchkey.Watcher
}

// counted is a store that counts the calls of one node.
type counted struct {
	watched
	gets, swaps   atomic.Int64
	touches, seen atomic.Int64 // calls of Touch, and sessions in them
}

func (c *counted) Get(ctx context.Context, id latchkey.ID) (*latchkey.Record, error) {
	c.gets.Add(1)
	return c.watched.Get(ctx, id)
}

func (c *counted) Swap(ctx context.Context, next *latchkey.Record) error {
	c.swaps.Add(1)
	return c.watched.Swap(ctx, next)
}

func (c *counted) Touch(ctx context.Context, seen []latchkey.Seen) error {
	c.touches.Add(1)
	c.seen.Add(int64(len(seen)))
	return c.watched.Touch(ctx, seen)
}
