// Package fresh keeps what a node has read from a store, and knows for how long to believe it.
package fresh

import (
	"sync/atomic"
	"time"
)

// For is how long what was read from the store is believed after the store last vouched for it.
// It bounds how long a session that was ended on another node is served here if the stream of
// changes is cut without a word.
const For = 1500 * time.Millisecond

// A Lease says until when what this node has read may be believed. It goes by two clocks of the
// process, which must agree: the monotonic one, which nobody can set, and the wall clock, which
// goes on while the machine sleeps. A new lease has run out.
type Lease struct {
	began  time.Time
	steady atomic.Int64 // the end by the monotonic clock, in nanoseconds since began
	wall   atomic.Int64 // the end by the wall clock, in nanoseconds since 1970
}

// NewLease returns a lease that has run out.
func NewLease() *Lease { return &Lease{began: time.Now()} }

// Extend makes the lease end For after a time.
func (l *Lease) Extend(asOf time.Time) {
	l.wall.Store(asOf.Add(For).UnixNano())
	l.steady.Store(int64(asOf.Sub(l.began) + For))
}

// Cancel ends the lease now.
func (l *Lease) Cancel() { l.steady.Store(0) }

// Holds reports whether the lease has not run out.
func (l *Lease) Holds() bool { return l.ExtendedWithin(For) }

// ExtendedWithin reports whether the lease was extended to a time that is at most d ago. d is at
// most For.
func (l *Lease) ExtendedWithin(d time.Duration) bool {
	now, earlier := time.Now(), For-d
	return int64(now.Sub(l.began)+earlier) < l.steady.Load() && now.UnixNano()+int64(earlier) < l.wall.Load()
}
