package webhook

import (
	"sync"
	"time"
)

// refusalsEvery is how often a refusal of one kind is logged: strangers can cause as many as they
// like.
const refusalsEvery = time.Minute

// refusals says which refusals to log, by their reason, of which there are a few.
type refusals struct {
	mu   sync.Mutex
	next map[string]time.Time
	more map[string]int // not logged since
}

// due reports whether to log a refusal now, and how many of its kind were not logged since the last
// one.
func (r *refusals) due(reason string, now time.Time) (more int, due bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now.Before(r.next[reason]) {
		r.more[reason]++
		return 0, false
	}
	if r.next == nil {
		r.next, r.more = make(map[string]time.Time), make(map[string]int)
	}
	more = r.more[reason]
	r.next[reason], r.more[reason] = now.Add(refusalsEvery), 0
	return more, true
}
