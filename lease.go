package latchkey

import (
	"sync/atomic"
	"time"
)

// freshFor is how long what was read from the store is believed after the store last vouched for it.
// It bounds how long a session that was ended on another node is served here if the stream of
// changes is cut without a word.
const freshFor = 1500 * time.Millisecond

// A lease says until when what this node has read may be believed. It goes by two clocks of the
// process, which must agree: the monotonic one, which nobody can set, and the wall clock, which goes
// on while the machine sleeps. Config.Now has no part in it. A lease that begins has run out.
type lease struct {
	began  time.Time
	steady atomic.Int64 // the end by the monotonic clock, in nanoseconds since began
	wall   atomic.Int64 // the end by the wall clock, in nanoseconds since 1970
}

// extend makes the lease end freshFor after a time.
func (l *lease) extend(asOf time.Time) {
	l.wall.Store(asOf.Add(freshFor).UnixNano())
	l.steady.Store(int64(asOf.Sub(l.began) + freshFor))
}

func (l *lease) cancel() { l.steady.Store(0) }

func (l *lease) holds() bool { return l.extendedWithin(freshFor) }

// extendedWithin reports whether the lease was extended to a time that is at most d ago. d is at
// most freshFor.
func (l *lease) extendedWithin(d time.Duration) bool {
	now, earlier := time.Now(), freshFor-d
	return int64(now.Sub(l.began)+earlier) < l.steady.Load() && now.UnixNano()+int64(earlier) < l.wall.Load()
}
