package account

import (
	"math"
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/latchkey-dev/latchkey/internal/clientip"
)

const (
	maxBuckets = 20_000 // bounds the memory of a limiter
	roomMade   = 1_000  // at once, at least
)

// A limiter lets each key do something burst times, and once more in each period after that. It counts on this node alone.
type limiter struct {
	every time.Duration
	burst int

	mu      sync.Mutex
	buckets map[string]*rate.Limiter
}

// limits is all that a Handler counts.
type limits struct {
	mails    limiter // by kind and address of the mail
	visitors limiter // by address of the browser
	guesses  limiter // at the password of an account, by user
}

func newLimits() *limits {
	return &limits{
		mails:    limiter{every: 20 * time.Minute, burst: 3},
		visitors: limiter{every: time.Minute, burst: 20},
		guesses:  limiter{every: time.Minute, burst: 5},
	}
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
	return tooMany(time.Duration(math.Ceil((1 - bucket.TokensAt(now)) * float64(l.every))))
}

// forget lets a key begin anew.
func (l *limiter) forget(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.buckets, key)
}

// makeRoom forgets those who would be let through anyway, and, where nearly all are busy, some of the others, last those that are refused just now.
// It looks at all of them, so it makes room for a while.
func (l *limiter) makeRoom(now time.Time) {
	if l.buckets == nil {
		l.buckets = make(map[string]*rate.Limiter)
	}
	if len(l.buckets) < maxBuckets {
		return
	}
	full := float64(l.burst)
	for _, tokens := range []float64{full, 1, math.Inf(-1)} {
		for key, bucket := range l.buckets {
			if tokens < full && len(l.buckets) <= maxBuckets-roomMade {
				return
			}
			if bucket.TokensAt(now) >= tokens {
				delete(l.buckets, key)
			}
		}
	}
}

// visit counts a request of a browser that is not logged in.
func (h *Handler) visit(r *http.Request) error {
	return h.visitors.take(clientip.Network(h.ClientIP(r)), h.Now())
}
