package sim

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/fusionauth"
	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
)

const email = "ada@example.com"

// A world is one scenario being played.
type world struct {
	t        testing.TB
	scenario scenario
	began    time.Time
	store    *shared
	provider *distant
	config   latchkey.Config
	nodes    []*node
	browser  *browser
	thief    *thief
	ledger   *ledger
	underway sync.WaitGroup
}

// play plays a scenario in its own bubble and returns the ledger.
func play(t *testing.T, s scenario) *ledger {
	var kept *ledger
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, s)
		for _, e := range s.events {
			time.Sleep(time.Until(w.began.Add(e.at)))
			w.begin(e)
		}
		w.underway.Wait()
		time.Sleep(time.Minute) // what has yet to be stored or revoked
		for _, n := range w.nodes {
			n.stop()
		}
		w.ledger.close()
		kept = w.ledger
	})
	return kept
}

func newWorld(t *testing.T, s scenario) *world {
	w := &world{t: t, scenario: s, browser: &browser{}, thief: &thief{}}
	p := idptest.New(t, idptest.WithoutSocket())
	app := p.AddApplication(idp.Application{AccessTokenTTL: s.times.jwt})
	p.AddUser(email, app.ID)
	client, err := fusionauth.New(fusionauth.Config{
		URL: p.URL, APIKey: latchkey.Secret(p.APIKey), ApplicationID: app.ID, PasswordCheckedFirst: true, Transport: p.Client.Transport,
	})
	if err != nil {
		t.Fatal(err)
	}
	w.store = newShared(w)
	w.provider = &distant{w: w, Provider: client, until: make(map[string]time.Time)}
	w.config = latchkey.Config{
		Origin: origin, Provider: w.provider, Keys: latchkey.KeyRing{latchkey.NewKey()}, Logger: slog.New(slog.DiscardHandler),
		IdleTimeout: s.times.idle, SessionCap: s.times.cap, RefreshTTL: s.times.refreshTTL, AbsoluteTimeout: s.times.absolute,
		InFlightWindow: s.times.window, RefreshAhead: s.times.ahead,
		ClientIP: func(*http.Request) string { return "203.0.113.7" },
	}
	w.ledger = newLedger(w)
	for i, skew := range s.skews {
		time.Sleep(time.Duration(1_000_003 * (i + 1))) // so that no two nodes tick at the same time
		w.nodes = append(w.nodes, &node{w: w, name: i, skew: skew})
		w.nodes[i].start()
	}
	w.began = time.Now()
	return w
}

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

// begin starts an event. What takes time continues in the background.
func (w *world) begin(e event) {
	n := w.nodes[e.node%len(w.nodes)]
	until := time.Now().Add(e.span)
	switch e.verb {
	case "get", "logout":
		if path, life, j, ok := w.browser.path(e.verb); ok {
			w.underway.Go(func() { w.browse(n, newRequest(&w.scenario, e, "browser", path, j), life) })
		}
	case "kill":
		w.browser.kill(e.span)
	case "store":
		w.store.fail(e.how, until)
	case "provider":
		w.provider.fail(e.how, until)
	case "stream":
		if w.scenario.cached {
			w.store.cut(n.name, e.how, until)
		}
	case "rollback":
		w.ledger.undone(w.store.rollback(time.Now().Add(-e.span)))
	case "restart":
		n.restart(e.how)
		w.ledger.restarted()
	case "steal":
		if j := w.browser.copy(); w.thief.steal(j, e.how) {
			w.ledger.stolen(j.id)
		}
	case "thief":
		if j, ok := w.thief.choose(e.how); ok {
			w.underway.Go(func() { w.abuse(n, newRequest(&w.scenario, e, "thief", "/private", j)) })
		}
	}
	if e.verb != "get" && e.verb != "thief" {
		w.ledger.note(e.at, "%s %s", e.verb, e.how)
	}
}

// browse is one request of the browser.
func (w *world) browse(n *node, r *request, life int) {
	got, ok := w.travel(n, r)
	if ok {
		ok = w.browser.receive(life, r.path, got)
	} else {
		w.browser.lose(life)
	}
	if !ok {
		return
	}
	w.ledger.received(got)
	if got.status == http.StatusTemporaryRedirect { // browsers follow immediately, with the jar's current cookies
		e := r.e
		e.at, e.up, e.down = e.at+1, min(e.up, 10*time.Second), min(e.down, 10*time.Second)
		w.browse(n, newRequest(&w.scenario, e, r.who, r.path, w.browser.copy()), life)
	}
}

// abuse is one request of the thief, who does not follow redirects, which could only expose the
// thief.
func (w *world) abuse(n *node, r *request) {
	if got, ok := w.travel(n, r); ok && got.status != http.StatusTemporaryRedirect {
		w.thief.receive(r.jar, got)
	}
}

// travel takes a request to the node and the response back. It returns false if no response
// arrives. In a network that keeps to the window nobody waits longer for a response.
func (w *world) travel(n *node, r *request) (reply, bool) {
	sent := time.Now()
	time.Sleep(r.e.up)
	if r.e.lost == "request" {
		w.ledger.note(r.e.at, "%s %s: lost on the way", r.who, r.path)
		return reply{}, false
	}
	w.ledger.arrived(r)
	p := n.newest()
	got := r.send(w, p)
	w.ledger.answered(r, got)
	time.Sleep(r.e.down)
	late := time.Since(sent) > w.window() && !w.scenario.late
	return got, r.e.lost == "" && !late && !p.crashed.Load()
}

// window is what remains of the in-flight window if the clocks of the nodes differ.
func (w *world) window() time.Duration { return w.inFlight() - w.spread() }

func (w *world) inFlight() time.Duration {
	if w.scenario.times.window != 0 {
		return w.scenario.times.window
	}
	return min(2*time.Minute, w.idle()/4, w.cap()/4)
}

func (w *world) idle() time.Duration {
	if w.scenario.times.idle != 0 {
		return w.scenario.times.idle
	}
	return 30 * time.Minute
}

func (w *world) cap() time.Duration {
	if w.scenario.times.cap != 0 {
		return w.scenario.times.cap
	}
	return time.Hour
}

// spread is how far the clocks of two nodes are apart at most.
func (w *world) spread() time.Duration {
	least, most := w.scenario.skews[0], w.scenario.skews[0]
	for _, skew := range w.scenario.skews {
		least, most = min(least, skew), max(most, skew)
	}
	return most - least
}
