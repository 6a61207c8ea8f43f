package gateway

import (
	"sync/atomic"
	"time"
)

// A perMinute limits something to once a minute, such as a log line.
type perMinute struct{ next atomic.Int64 } // Unix milliseconds

func (p *perMinute) due(now time.Time) bool {
	next := p.next.Load()
	return now.UnixMilli() >= next && p.next.CompareAndSwap(next, now.Add(time.Minute).UnixMilli())
}
