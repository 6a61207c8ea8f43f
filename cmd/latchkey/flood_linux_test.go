package main

import (
	"flag"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

var (
	floodRate = flag.Int("flood.rate", 100, "how many logins a second TestLoginFlood sends")
	floodTime = flag.Duration("flood.time", 2*time.Second, "for how long")
)

// TestLoginFlood sends far more logins than can be hashed, each from an address and for a name of its own, so that no limit but the hashing pool's holds them back, to a gateway
// that is a process of its own. Its memory stays within what the pool may take, those who find no place in the queue are told so at once, and who is logged in hardly notices:
//
//	go test -run TestLoginFlood -v ./cmd/latchkey -flood.rate 500 -flood.time 20s
func TestLoginFlood(t *testing.T) {
	s := newServed(t)
	s.writeWith("listen: 127.0.0.1:0\ntrusted_proxies: [127.0.0.0/8]\n", "")
	pid := s.startProcess()
	s.client.Transport.(*http.Transport).MaxIdleConnsPerHost = 200
	cookies := s.login()
	for range 50 {
		s.want("/api/x", cookies, 200, "bearer true")
	}
	before := resident(t, pid)
	idle := s.pace(cookies, *floodTime, nil)

	var f flood
	grown := 0
	busy := s.pace(cookies, *floodTime, func(ended <-chan struct{}) {
		f.run(s, ended, func() { grown = max(grown, resident(t, pid)-before) })
	})
	workers := max(1, runtime.GOMAXPROCS(0)-1)
	t.Logf("%d logins: %d checked, p99 %v; %d refused, p50 %v, p99 %v", len(f.checked)+len(f.refused), len(f.checked), quantile(f.checked, 0.99), len(f.refused), quantile(f.refused, 0.5), quantile(f.refused, 0.99))
	t.Logf("memory grew by %.0f MiB, with a pool of %d × 19 MiB", float64(grown)/(1<<20), workers)
	t.Logf("requests of who is logged in: p99 %v idle, %v meanwhile: %.1f times", quantile(idle, 0.99), quantile(busy, 0.99), float64(quantile(busy, 0.99))/float64(quantile(idle, 0.99)))
	if len(f.other) > 0 {
		t.Errorf("%d other answers, the first: %s", len(f.other), f.other[0])
	}
	if len(f.refused) == 0 || len(f.checked) == 0 {
		t.Error("want some that are checked and some that are refused")
	}
	// The collector lets as much garbage stand as there is in use; what the requests themselves take comes on top.
	if bound := (2*workers*19 + 64) << 20; grown > bound {
		t.Errorf("memory grew by %d bytes, want at most %d", grown, bound)
	}
}

// A flood is what became of logins.
type flood struct {
	mu               sync.Mutex
	checked, refused []time.Duration
	other            []string
}

// run sends logins until the time is over, and calls watch now and then.
func (f *flood) run(s *served, ended <-chan struct{}, watch func()) {
	var all sync.WaitGroup
	defer all.Wait()
	tick := time.NewTicker(time.Second / time.Duration(*floodRate))
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-ended:
			return
		case <-tick.C:
			all.Go(func() { f.login(s, n) })
		}
		if n%20 == 0 {
			watch()
		}
	}
}

func (f *flood) login(s *served, n int) {
	body := fmt.Sprintf(`{"email":"nobody.%d@example.com","password":"correct horse battery"}`, n)
	r, err := http.NewRequestWithContext(s.Context(), "POST", s.origins[0]+"/api/login", strings.NewReader(body))
	if err != nil {
		s.Error(err)
		return
	}
	r.Header.Set("Origin", s.origins[0])
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Forwarded-For", fmt.Sprintf("10.%d.%d.1", n>>8, n&255))
	began := time.Now()
	resp, err := s.client.Do(r)
	if err != nil {
		s.Error(err)
		return
	}
	answer, _ := io.ReadAll(resp.Body)
	resp.Body.Close()
	took := time.Since(began)
	f.mu.Lock()
	defer f.mu.Unlock()
	switch resp.StatusCode {
	case http.StatusUnauthorized:
		f.checked = append(f.checked, took)
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		f.refused = append(f.refused, took)
	default:
		f.other = append(f.other, fmt.Sprintf("%s %s", resp.Status, answer))
	}
}

// pace sends a request of somebody who is logged in every ten milliseconds, and runs something meanwhile.
func (s *served) pace(cookies []*http.Cookie, length time.Duration, meanwhile func(ended <-chan struct{})) (took []time.Duration) {
	s.Helper()
	ended := make(chan struct{})
	var other sync.WaitGroup
	if meanwhile != nil {
		other.Go(func() { meanwhile(ended) })
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(length); time.Now().Before(end); <-tick.C {
		began := time.Now()
		s.want("/api/x", cookies, 200, "bearer true")
		took = append(took, time.Since(began))
	}
	close(ended)
	other.Wait()
	return took
}

func quantile(all []time.Duration, q float64) time.Duration {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[int(q*float64(len(all)-1))].Round(10 * time.Microsecond)
}
