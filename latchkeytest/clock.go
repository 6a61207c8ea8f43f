package latchkeytest

import (
	"sync/atomic"
	"time"
)

// A Clock is what provider, guards and browsers read. It goes like time.Now, and can be put
// forward. The zero Clock shows the time.
type Clock struct{ ahead atomic.Int64 }

// Now returns the time of the clock.
func (c *Clock) Now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

// Advance puts the clock forward.
func (c *Clock) Advance(d time.Duration) { c.ahead.Add(int64(d)) }
