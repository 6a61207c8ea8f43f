package throttle

import "time"

// A Rate lets each key do something burst times, and once more in each period after that: a token
// bucket, kept as the time at which it is full again (the generic cell rate algorithm).
type Rate struct {
	every   time.Duration
	burst   int
	buckets *table[string, tokens]
}

// ratedKeys bounds the memory of a Rate, to about 2 MB.
const ratedKeys = 20_000

// NewRate returns a Rate whose buckets are all full.
func NewRate(every time.Duration, burst int) *Rate {
	return &Rate{every: every, burst: burst, buckets: newTable[string, tokens](ratedKeys)}
}

type tokens struct{ full time.Time }

func (t tokens) idle(now time.Time) bool { return !t.full.After(now) }

func (t tokens) lighter(than tokens) bool { return t.full.Before(than.full) }

// Take takes a token of the key and returns 0, or returns how long to wait for the next one.
func (r *Rate) Take(key string, now time.Time) (wait time.Duration) {
	s := r.buckets.lock(key)
	defer s.mu.Unlock()
	full := s.buckets[key].full
	if full.Before(now) {
		full = now
	}
	full = full.Add(r.every)
	if wait = full.Sub(now) - time.Duration(r.burst)*r.every; wait > 0 {
		return wait
	}
	s.put(key, tokens{full}, now)
	return 0
}

// Refill fills the bucket of a key.
func (r *Rate) Refill(key string) { r.buckets.remove(key) }
