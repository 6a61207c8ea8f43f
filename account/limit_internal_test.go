package account

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

func TestVisitorsOfOneNetwork(t *testing.T) {
	now := time.Now()
	h := &Handler{limits: &limits{visitors: limiter{every: time.Minute, burst: 2}}}
	h.Now = func() time.Time { return now }
	h.ClientIP = func(r *http.Request) string { return r.RemoteAddr }
	for _, c := range []struct {
		ip string
		ok bool
	}{
		{"2001:db8::1", true}, {"2001:db8::2", true}, {"2001:db8::3", false}, {"2001:db8:0:0:ffff::%eth0", false}, {"2001:db8:0:1::1", true},
		{"192.0.2.1", true}, {"::ffff:192.0.2.1", true}, {"192.0.2.1", false}, {"192.0.2.2", true},
		{"somewhere", true}, {"somewhere", true}, {"somewhere", false}, {"elsewhere", true},
	} {
		r := httptest.NewRequest("POST", "/", nil)
		r.RemoteAddr = c.ip
		if err := h.visit(r); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.ip, err)
		}
	}
}

// A limiter that is full forgets many at once, and so seldom looks at all.
func TestFullLimiter(t *testing.T) {
	l := limiter{every: time.Minute, burst: 1}
	now := time.Now()
	for i := range maxBuckets {
		l.take(fmt.Sprint("early ", i), now)
	}
	l.take("one more", now)
	if n := len(l.buckets); n != maxBuckets-roomMade+1 {
		t.Errorf("%d buckets", n)
	}
	if l.take("one more", now) == nil {
		t.Error("the newcomer was forgotten")
	}
	for i := range maxBuckets {
		l.take(fmt.Sprint("late ", i), now)
	}
	if n := len(l.buckets); n > maxBuckets {
		t.Errorf("%d buckets", n)
	}
	l.take("the next day", now.Add(24*time.Hour))
	for i := range roomMade {
		l.take(fmt.Sprint("then ", i), now.Add(24*time.Hour))
	}
	if n := len(l.buckets); n > 2*roomMade {
		t.Errorf("%d buckets, and all but a few could have been forgotten", n)
	}
}

// Filling a limiter with keys that are used once makes it forget nobody who is refused.
func TestFullLimiterKeepsTheBusy(t *testing.T) {
	l := limiter{every: time.Hour, burst: 2}
	now := time.Now()
	for range 2 {
		l.take("busy", now)
	}
	for i := range 2 * maxBuckets {
		l.take(fmt.Sprint(i), now)
	}
	if l.take("busy", now) == nil {
		t.Error("forgotten")
	}
}
