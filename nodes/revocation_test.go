package nodes

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
)

// seenEverywhere is how long after the beginning of a logout every node must refuse the session, in
// 99 of 100 cases. It is for measurements on an idle machine.
const seenEverywhere = 50 * time.Millisecond

// servedAtMost is how long after an end a node may still begin to serve its session, on any
// machine: then its cache is too old.
const servedAtMost = 1500 * time.Millisecond

// TestRevocation ends sessions that all nodes have cached, each at one of the nodes, while the
// others are queried without a pause.
func TestRevocation(t *testing.T) {
	for _, backend := range backends {
		for _, count := range []int{2, 4} {
			t.Run(fmt.Sprintf("%s, %d nodes", backend.name, count), func(t *testing.T) {
				open, d := backend.start(t), deploy(t, latchkey.Config{})
				nodes := d.nodes(t, open, count)
				b := d.newBrowser(t, "ada")
				var took []time.Duration
				for i := range pick(100, 500) {
					ending := nodes[i%count]
					b.mustLogin(t, ending)
					for _, n := range nodes {
						untilInMemory(t, b, n)
					}
					took = append(took, refusedAfter(t, b, ending, nodes)...)
				}
				if p99 := report(t, took); *long && p99 > seenEverywhere {
					t.Errorf("p99 %v, want at most %v", p99, seenEverywhere)
				}
			})
		}
	}
}

// TestRevocationOfSQLiteProcesses: what another process wrote is noticed with the next heartbeat,
// half a second later at most.
func TestRevocationOfSQLiteProcesses(t *testing.T) {
	d := deploy(t, latchkey.Config{})
	nodes := d.nodes(t, sqliteProcesses.start(t), 2)
	b := d.newBrowser(t, "ada")
	var took []time.Duration
	for i := range pick(8, 100) {
		b.mustLogin(t, nodes[i%2])
		took = append(took, refusedAfter(t, b, nodes[i%2], nodes)...)
	}
	report(t, took)
}

// TestEndAppSessions ends all sessions of the app at one node, while another has them cached.
func TestEndAppSessions(t *testing.T) {
	for _, backend := range slices.Concat(backends, []backend{sqliteProcesses}) {
		t.Run(backend.name, func(t *testing.T) {
			d := deploy(t, latchkey.Config{})
			nodes := d.nodes(t, backend.start(t), 2)
			var before []*browser
			for i := range 10 {
				b := d.newBrowser(t, fmt.Sprint("user", i))
				b.mustLogin(t, nodes[i%2])
				untilInMemory(t, b, nodes[1])
				before = append(before, b)
			}
			time.Sleep(2 * time.Millisecond) // times are stored to the millisecond
			began := time.Now()
			if err := nodes[0].EndAppSessions(t.Context(), began, latchkey.EndRevokedByAdmin); err != nil {
				t.Fatal(err)
			}
			until(t, "the other node to refuse", func() bool { return before[0].copy().visit(t.Context(), nodes[1]).status == http.StatusUnauthorized })
			t.Logf("refused by the other node after %v", round(time.Since(began)))
			for _, b := range before {
				for _, n := range nodes {
					if got := b.copy().visit(t.Context(), n); got.status != http.StatusUnauthorized || got.endReason != string(latchkey.EndRevokedByAdmin) {
						t.Errorf("a session that began before: %+v", got)
					}
				}
			}
			after := d.newBrowser(t, "afterwards")
			after.mustLogin(t, nodes[0])
			for _, n := range nodes {
				if got := after.visit(t.Context(), n); got.status != http.StatusOK {
					t.Errorf("a session that began afterwards: %+v", got)
				}
			}
		})
	}
}

// untilInMemory visits a node until it answers without reading the store.
func untilInMemory(t *testing.T, b *browser, n *node) {
	t.Helper()
	until(t, "the node to have the session in memory", func() bool {
		before := n.store.gets.Load()
		if got := b.visit(t.Context(), n); got.status != http.StatusOK {
			t.Fatalf("a living session: %+v", got)
		}
		return n.store.gets.Load() == before
	})
}

// refusedAfter logs b out at one node, and returns how long it took each of the others to refuse
// the same cookies. The ending node must refuse them immediately, and no other may serve a request
// that began servedAtMost after the logout was answered.
func refusedAfter(t *testing.T, b *browser, ending *node, nodes []*node) []time.Duration {
	t.Helper()
	thief := b.copy()
	var all sync.WaitGroup
	var mu sync.Mutex
	var took []time.Duration
	var served []time.Time // when the last request that a node served had begun
	began := make(chan time.Time, len(nodes))
	for _, n := range nodes {
		if n == ending {
			continue
		}
		asking := thief.copy()
		all.Go(func() {
			at := <-began
			var last time.Time
			for {
				asked := time.Now()
				if asking.visit(t.Context(), n).status == http.StatusUnauthorized {
					break
				}
				last = asked
				if time.Since(at) > time.Minute {
					t.Error("a node does not refuse")
					break
				}
				time.Sleep(100 * time.Microsecond) // the servers need the cores, too
			}
			mu.Lock()
			defer mu.Unlock()
			took, served = append(took, time.Since(at)), append(served, last)
		})
	}
	now := time.Now()
	for range nodes {
		began <- now
	}
	if got := b.logout(t.Context(), ending); got.status != http.StatusNoContent {
		t.Errorf("logout: %+v", got)
	}
	answered := time.Now()
	if got := thief.visit(t.Context(), ending); got.status != http.StatusUnauthorized || got.endReason != string(latchkey.EndLogout) {
		t.Errorf("after the logout the node that ended the session answers %+v", got)
	}
	all.Wait()
	for _, last := range served {
		if late := last.Sub(answered); late > servedAtMost {
			t.Errorf("a node served a request that began %v after the logout was answered", late)
		}
	}
	return took
}

func report(t *testing.T, took []time.Duration) (p99 time.Duration) {
	slices.Sort(took)
	p50, p99 := took[len(took)/2], took[len(took)*99/100]
	t.Logf("%d times refused by another node: p50 %v, p99 %v, longest %v after the logout began", len(took), round(p50), round(p99), round(took[len(took)-1]))
	return p99
}

func round(d time.Duration) time.Duration { return d.Round(10 * time.Microsecond) }

// pick is the size of a test: smaller if it is one of many, larger for measurements.
func pick[T any](short, whole T) T {
	if *long {
		return whole
	}
	return short
}
