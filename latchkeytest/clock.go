package latchkeytest

import (
	"sync/atomic"
	"time"
)

// A Clock is time.Now plus an offset. The provider, the guards and the browsers of a world read it.
// The zero Clock has no offset.
type Clock struct{ ahead atomic.Int64 }

// Now returns the current time.
func (c *Clock) Now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

// Advance adds to the offset.
func (c *Clock) Advance(d time.Duration) { c.ahead.Add(int64(d)) }
