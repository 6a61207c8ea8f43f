package account

import (
	"math"
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/latchkey-dev/latchkey/internal/wire"
)

// maxBuckets bounds the memory of a limiter.
const maxBuckets = 20_000

// A limiter lets each key do something burst times, and once more in each period after that. It counts on this node alone.
type limiter struct {
	every time.Duration
	burst int

	mu      sync.Mutex
	buckets map[string]*rate.Limiter
}

// take returns nil, or how long to wait as a problem.
func (l *limiter) take(key string, now time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	bucket := l.buckets[key]
	if bucket == nil {
		l.makeRoom(now)
		bucket = rate.NewLimiter(rate.Every(l.every), l.burst)
		l.buckets[key] = bucket
	}
	if bucket.AllowN(now, 1) {
		return nil
	}
	p := tooMany
	p.RetryAfter = time.Duration(math.Ceil((1 - bucket.TokensAt(now)) * float64(l.every)))
	return p
}

// forget lets a key begin anew.
func (l *limiter) forget(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.buckets, key)
}

// makeRoom forgets those who would be let through anyway, or, where all are busy, any one.
func (l *limiter) makeRoom(now time.Time) {
	if l.buckets == nil {
		l.buckets = make(map[string]*rate.Limiter)
	}
	if len(l.buckets) < maxBuckets {
		return
	}
	var any string
	for key, bucket := range l.buckets {
		if any = key; bucket.TokensAt(now) >= float64(l.burst) {
			delete(l.buckets, key)
		}
	}
	if len(l.buckets) >= maxBuckets {
		delete(l.buckets, any)
	}
}

// visit counts a request of a browser that is not logged in.
func (h *Handler) visit(r *http.Request) error {
	return h.visitors.take(h.ClientIP(r), h.Now())
}

// form reads a body of who is not logged in, and counts it.
func (h *Handler) form(w http.ResponseWriter, r *http.Request, fields wire.Fields) error {
	if err := wire.Read(w, r, maxBody, fields); err != nil {
		return err
	}
	return h.visit(r)
}
