package latchkey_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
)

// A page sends twenty requests at a time after its login, while the browser binds the session
// beside them over a slow network: none is refused, and neither are those of the next two hours.
func TestBoundLogin_requestsInParallel(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			simulate(t, func(t *testing.T, w *world) {
				var events eventLog
				nodes := []*app{w.anotherNode(w.shop, events.observe), w.anotherNode(w.shop, events.observe)}
				b := w.bindingBrowser()
				var beside, page sync.WaitGroup
				b.Keys.Background = func(run func()) { beside.Go(run) }
				b.Keys.Transport = w.slowly(rand.New(rand.NewPCG(seed, 0)), nodes)
				b.login(nodes[0])
				for tab := range 20 {
					page.Go(func() {
						for i := range 40 {
							if got := b.get(nodes[0], "/api/private"); got.status != 200 {
								t.Errorf("tab %d, request %d: %d %s", tab, i, got.status, got.body)
							}
							time.Sleep(time.Duration(max(0, i-10)*tab) * time.Second)
						}
					})
				}
				page.Wait()
				beside.Wait()
				if !b.isBound(nodes[0]) || len(events.take(latchkey.EventProofMissing)) > 0 {
					t.Error("not bound, or something came without a proof")
				}
			})
		})
	}
}

// slowly is a network in which a message takes up to 25 seconds, to one of several nodes.
func (w *world) slowly(random *rand.Rand, nodes []*app) http.RoundTripper {
	var mu sync.Mutex
	next := func(n int64) int64 {
		mu.Lock()
		defer mu.Unlock()
		return random.Int64N(n)
	}
	return roundTrip(func(r *http.Request) (*http.Response, error) {
		time.Sleep(time.Duration(next(int64(25 * time.Second))))
		resp, err := w.NewBrowser().Do(nodes[next(int64(len(nodes)))].App, r)
		time.Sleep(time.Duration(next(int64(25 * time.Second))))
		return resp, err
	})
}
