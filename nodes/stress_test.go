package nodes

import (
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
)

// toldWithin is how long after an end a node may serve what it has cached: the life of a heartbeat,
// see cache.go in the root.
const toldWithin = 1500 * time.Millisecond

// TestEndedIsNeverServed reads sessions on all nodes in many goroutines while they are ended: once
// the end has returned they are never served again by the node that ended them, and by no node
// after the bound.
func TestEndedIsNeverServed(t *testing.T) {
	for _, backend := range append(backends, sqliteProcesses) {
		t.Run(backend.name, func(t *testing.T) {
			d := deploy(t, latchkey.Config{})
			nodes := d.nodes(t, backend.start(t), 4)
			browsers := []*browser{d.newBrowser(t, "ada"), d.newBrowser(t, "bob"), d.newBrowser(t, "eve")}
			var asked atomic.Int64
			deadline := time.Now().Add(pick(5*time.Second, 2*time.Minute))
			var all sync.WaitGroup
			rounds := make([]int, len(browsers))
			for i, b := range browsers {
				all.Go(func() {
					for ; time.Now().Before(deadline) && !t.Failed(); rounds[i]++ {
						endUnderReads(t, b, nodes, nodes[(i+rounds[i])%len(nodes)], &asked)
					}
				})
			}
			all.Wait()
			t.Logf("%d ends, %d reads", rounds[0]+rounds[1]+rounds[2], asked.Load())
		})
	}
}

// endUnderReads logs in and out again, while two goroutines for each node read the session.
func endUnderReads(t *testing.T, b *browser, nodes []*node, ending *node, asked *atomic.Int64) {
	b.mustLogin(t, ending)
	var ended atomic.Pointer[time.Time] // when the end had returned
	var all sync.WaitGroup
	for _, n := range nodes {
		for range 2 {
			thief := b.copy()
			all.Go(func() {
				for refusals := 0; refusals < 20 && !t.Failed(); asked.Add(1) {
					at, began := ended.Load(), time.Now()
					got := thief.visit(t.Context(), n)
					switch {
					case got.status == http.StatusUnauthorized:
						refusals++ // after the first, it must never be served again
					case got.status == http.StatusOK && refusals > 0:
						t.Error("served after it had been refused")
					case got.status == http.StatusOK && at != nil && (n == ending || began.Sub(*at) > toldWithin):
						t.Errorf("served %v after the end; by the node that ended it: %v", began.Sub(*at), n == ending)
					case got.status != http.StatusOK:
						t.Errorf("answer %+v", got)
					}
					time.Sleep(50 * time.Microsecond)
				}
			})
		}
	}
	time.Sleep(20 * time.Millisecond) // under load: the end comes when all nodes serve the session
	if got := b.logout(t.Context(), ending); got.status != http.StatusNoContent {
		t.Errorf("logout: %+v", got)
	}
	now := time.Now()
	ended.Store(&now)
	all.Wait()
}
