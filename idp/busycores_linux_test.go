//go:build !race

package idp_test

import (
	"flag"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
)

var (
	busyLogins  = flag.Int("busy.logins", 4, "TestLoginsOnBusyCores: logins a second")
	busyClients = flag.Int("busy.clients", 8, "TestLoginsOnBusyCores: clients for each processor that send one request after the other")
)

// TestLoginsOnBusyCores has clients keep all processors busy with authenticated requests, and logs
// in meanwhile: workers have a lower priority than requests, and must not starve. Times are told
// and not judged:
//
//	go test -run TestLoginsOnBusyCores -v ./idp -flood.time 60s -flood.workers 0 -flood.queue 0
func TestLoginsOnBusyCores(t *testing.T) {
	once(t)
	s := startFloodServer(t)
	authenticated := s.authenticated()
	var stop atomic.Bool
	var requests atomic.Int64
	var clients sync.WaitGroup
	for range *busyClients * runtime.GOMAXPROCS(0) {
		clients.Go(func() {
			for !stop.Load() {
				if a := authenticated(); a.status != http.StatusOK {
					t.Errorf("an authenticated request got %d", a.status)
					return
				}
				requests.Add(1)
			}
		})
	}
	logins := offer(*busyLogins, *floodTime, func() floodAnswer {
		took, a := s.login()
		return floodAnswer{took, a.status, a.header.Get("Retry-After")}
	})
	stop.Store(true)
	clients.Wait()
	for _, a := range logins {
		if a.status != http.StatusOK {
			t.Errorf("a login got %d", a.status)
		}
	}
	t.Logf("%.0f requests/s and %d logins/s, %d hashes at once: logins take p50 %v, p99 %v, longest %v", float64(requests.Load())/floodTime.Seconds(),
		*busyLogins, s.workers, quantile(logins, 50), quantile(logins, 99), quantile(logins, 100))
}
