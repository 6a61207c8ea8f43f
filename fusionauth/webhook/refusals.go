package webhook

import (
	"sync"
	"time"
)

// refusalsEvery is how often a refusal of one kind is logged: strangers can send as many as they
// like.
const refusalsEvery = time.Minute

// refusals says which refusals are to be logged, by their reason, of which there are a few.
type refusals struct {
	mu   sync.Mutex
	next map[string]time.Time
	more map[string]int // that were not logged since
}

// due reports whether a refusal is to be logged now, and how many of its kind were not since the
// last that was.
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
