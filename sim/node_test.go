package sim

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/latchkey-dev/latchkey"
)

// A node is one place where the app runs, in one process after another.
type node struct {
	w    *world
	name int
	skew time.Duration

	mu  sync.Mutex
	all []*process // the last one answers
}

type process struct {
	guard   *latchkey.Guard
	handler http.Handler
	crashed atomic.Bool
}

func (n *node) start() {
	p := &process{}
	c := n.w.config
	way := &link{n.w.store, &p.crashed}
	c.Store = way
	if n.w.scenario.cached {
		c.Store = &watchedLink{way, n.w.store.listen(n.name)}
	}
	c.Now = func() time.Time { return time.Now().Add(n.skew) }
	c.OnEvent = n.w.ledger.told
	guard, err := latchkey.New(c)
	if err != nil {
		n.w.t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/api/", guard.Handler())
	mux.Handle("/private", guard.Protect(http.HandlerFunc(serve)))
	p.guard, p.handler = guard, mux
	n.mu.Lock()
	defer n.mu.Unlock()
	n.all = append(n.all, p)
}

func (n *node) newest() *process {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.all[len(n.all)-1]
}

// restart is a new process. One that is stopped cleanly answers its requests and stores what it
// knows. One that crashes loses both.
func (n *node) restart(how string) {
	n.newest().crashed.Store(how == "crash")
	n.start()
}

func (n *node) stop() {
	for _, p := range n.all {
		p.guard.Close(context.Background())
	}
}
