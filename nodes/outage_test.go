package nodes

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/internal/faultproxy"
	"github.com/latchkey-dev/latchkey/internal/pgtest"
	"github.com/latchkey-dev/latchkey/internal/redistest"
)

// An outage is a failure of a store while browsers use it. The stores stay open.
type outage struct {
	name  string
	start func(t *testing.T) scene
}

// A scene is a store, its failure, and its recovery.
type scene struct {
	open         open
	strike, mend func(t *testing.T)
}

var outages = []outage{
	{name: "PostgreSQL killed and started again", start: func(t *testing.T) scene {
		server := pgtest.Start(t)
		url := server.Database(t)
		return scene{
			func(t *testing.T) watched { return openPostgres(t, url) },
			func(t *testing.T) { server.Kill(t) }, func(t *testing.T) { server.Resume(t) },
		}
	}},
	{name: "PostgreSQL, every packet lost", start: postgresBehind(faultproxy.Silent)},
	{name: "PostgreSQL, connections cut", start: postgresBehind(faultproxy.Fault{Cut: true})},
	{name: "PostgreSQL, 200 ms away", start: postgresBehind(faultproxy.Fault{Delay: 100 * time.Millisecond})},
	{name: "Redis killed and replaced by an empty one", start: func(t *testing.T) scene {
		server := redistest.Start(t)
		return scene{
			func(t *testing.T) watched { return openRedis(t, server.URL()) },
			func(t *testing.T) { server.Kill(t) }, func(t *testing.T) { server.Replace(t) },
		}
	}},
	{name: "Redis, every packet lost", start: redisBehind(faultproxy.Silent)},
	{name: "Redis, connections cut", start: redisBehind(faultproxy.Fault{Cut: true})},
	{name: "Redis, 200 ms away", start: redisBehind(faultproxy.Fault{Delay: 100 * time.Millisecond})},
	{name: "Redis Cluster, a master lost", start: func(t *testing.T) scene {
		cluster := redistest.StartCluster(t)
		var lost *redistest.Server
		return scene{
			func(t *testing.T) watched { return openRedis(t, cluster.URL()) },
			func(t *testing.T) { lost = cluster.Master(t, "k"); lost.Kill(t) },
			func(t *testing.T) { // its replica takes over; the server comes back as a replica
				redistest.Until(t, "its replica is promoted", func() bool { return cluster.Master(t, "k") != lost })
				lost.Restart(t)
			},
		}
	}},
}

func postgresBehind(fault faultproxy.Fault) func(t *testing.T) scene {
	return func(t *testing.T) scene {
		server := pgtest.Shared(t)
		url := server.Database(t)
		return behind(t, server.Addr, fault, func(t *testing.T, addr string) watched { return openPostgres(t, server.Via(url, addr)) })
	}
}

func redisBehind(fault faultproxy.Fault) func(t *testing.T) scene {
	return func(t *testing.T) scene {
		return behind(t, redistest.Start(t).Addr, fault, func(t *testing.T, addr string) watched { return openRedis(t, "redis://"+addr) })
	}
}

func behind(t *testing.T, addr string, fault faultproxy.Fault, at func(*testing.T, string) watched) scene {
	proxy := faultproxy.Start(t, addr)
	t.Cleanup(func() { proxy.Set(faultproxy.Fault{}) }) // so that the stores can close
	return scene{
		func(t *testing.T) watched { return at(t, proxy.Addr) },
		func(*testing.T) { proxy.Set(fault) }, func(*testing.T) { proxy.Set(faultproxy.Fault{}) },
	}
}

// Times of the app in these tests: refreshes come every few seconds, and nothing that a browser
// waits for takes longer than the window.
const (
	outageCap = 8 * time.Second
	givesUp   = outageCap/4 - 200*time.Millisecond // when a browser does, which is within the window
	backAfter = 15 * time.Second                   // every browser is served again within this time after the store has recovered
)

// TestOutage has browsers read, refresh, log out and log in again at two nodes while the store is
// down: no honest user is logged out, no ended session comes back, and all are served soon after
// the store has recovered. Responses of 503 are allowed meanwhile, and counted.
func TestOutage(t *testing.T) {
	for _, o := range outages {
		t.Run(o.name, func(t *testing.T) {
			t.Parallel()
			s := o.start(t)
			d := deploy(t, latchkey.Config{SessionCap: outageCap, InFlightWindow: outageCap / 4})
			c := &crowd{T: t, d: d, nodes: d.nodes(t, s.open, 2), stop: make(chan struct{})}
			for i := range pick(8, 40) {
				b := d.newBrowser(t, fmt.Sprint("user", i))
				b.mustLogin(t, c.nodes[i%2])
				c.all.Go(func() { c.live(b) })
			}
			time.Sleep(pick(2*time.Second, outageCap)) // under load
			calm := c.take()
			s.strike(t)
			time.Sleep(pick(2*time.Second, 15*time.Second))
			s.mend(t)
			whole := time.Now()
			back := c.awaitAll(whole)
			time.Sleep(pick(time.Second, outageCap))
			close(c.stop)
			c.all.Wait()
			c.checkEnded()
			trouble := c.take()
			t.Logf("%d answers before, %d of 503; since then %d: %d of 503, %d given up, %d logouts; all served %v after the store was whole",
				calm.answers, calm.unavailable, trouble.answers, trouble.unavailable, trouble.givenUp, trouble.ends, back.Round(10*time.Millisecond))
			if calm.answers == 0 || calm.unavailable > 0 {
				t.Errorf("while all was well: %+v", calm)
			}
			if back > backAfter {
				t.Errorf("all browsers were served again %v after the store was whole", back)
			}
		})
	}
}

// A crowd is browsers that continue whatever happens.
type crowd struct {
	*testing.T
	d     *deployment
	nodes []*node
	stop  chan struct{}
	all   sync.WaitGroup

	mu     sync.Mutex
	served map[*browser]time.Time // when it was served last
	tally  tally
	ended  []*browser // copies of browsers that were logged out
}

type tally struct{ answers, unavailable, givenUp, ends int }

// take returns the counts since the last call.
func (c *crowd) take() tally {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.tally
	c.tally = tally{}
	return now
}

// live is a browser: it sends requests all the time, and now and then its user logs out and in
// again.
func (c *crowd) live(b *browser) {
	for i := 1; ; i++ {
		select {
		case <-c.stop:
			return
		case <-time.After(time.Duration(5+rand.N(20)) * time.Millisecond):
		}
		n := c.nodes[rand.N(len(c.nodes))]
		if i%60 == 0 {
			c.logOutAndIn(b, n)
			continue
		}
		got, err := c.ask(b, n)
		if err != nil {
			c.Errorf("%s: %v", b.email, err)
			return
		}
		if got.status == http.StatusOK {
			c.mu.Lock()
			if c.served == nil {
				c.served = make(map[*browser]time.Time)
			}
			c.served[b] = time.Now()
			c.mu.Unlock()
		}
	}
}

// ask visits a node. A response that must not happen is an error.
func (c *crowd) ask(b *browser, n *node) (answer, error) {
	ctx, cancel := context.WithTimeout(c.Context(), givesUp)
	defer cancel()
	got := b.visit(ctx, n)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tally.answers++
	switch got.status {
	case http.StatusOK:
	case http.StatusServiceUnavailable:
		c.tally.unavailable++
	case 0:
		c.tally.givenUp++
	default:
		return got, errors.New("an honest browser was answered with " + fmt.Sprint(got))
	}
	return got, nil
}

// logOutAndIn logs out until the end is stored, keeps a copy of the cookies, and logs in again.
func (c *crowd) logOutAndIn(b *browser, n *node) {
	thief := b.copy()
	ctx, cancel := context.WithTimeout(c.Context(), givesUp)
	got := b.logout(ctx, n)
	cancel()
	if got.status == http.StatusNoContent {
		c.mu.Lock()
		c.tally.ends++
		c.ended = append(c.ended, thief)
		c.mu.Unlock()
	}
	for {
		ctx, cancel := context.WithTimeout(c.Context(), givesUp)
		got := b.login(ctx, n)
		cancel()
		switch got.status {
		case http.StatusOK:
			return
		case 0, http.StatusServiceUnavailable, http.StatusTooManyRequests:
		default:
			c.Errorf("%s: login answered with %+v", b.email, got)
			return
		}
		select {
		case <-c.stop:
			return
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// awaitAll waits until every browser has been served since a time, and returns how long after it
// that was.
func (c *crowd) awaitAll(since time.Time) (after time.Duration) {
	until(c.T, "every browser to be served", func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		all := len(c.served) > 0
		for _, at := range c.served {
			all = all && at.After(since)
		}
		return all || c.Failed()
	})
	return time.Since(since)
}

// checkEnded visits every node with the cookies of users who were logged out.
func (c *crowd) checkEnded() {
	slices.Reverse(c.ended) // the newest first
	for _, b := range c.ended[:min(len(c.ended), 100)] {
		for _, n := range c.nodes {
			if got := b.copy().visit(c.Context(), n); got.status != http.StatusUnauthorized {
				c.Errorf("%s: cookies of a session that was logged out are answered with %+v", b.email, got)
			}
		}
	}
}
