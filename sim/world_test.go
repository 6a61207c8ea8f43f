package sim

import (
	"log/slog"
	"net/http"
	"sync"
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
	if s.binds {
		w.browser.keys = newKeychain(w)
	}
	for i, skew := range s.skews {
		time.Sleep(time.Duration(1_000_003 * (i + 1))) // so that no two nodes tick at the same time
		w.nodes = append(w.nodes, &node{w: w, name: i, skew: skew})
		w.nodes[i].start()
	}
	w.began = time.Now()
	return w
}

// begin starts an event. What takes time continues in the background.
func (w *world) begin(e event) {
	n := w.node(e)
	until := time.Now().Add(e.span)
	switch e.verb {
	case "get", "logout":
		if path, life, j, ok := w.browser.path(e.verb); ok {
			r := newRequest(&w.scenario, e, "browser", path, j)
			r.life = life
			w.underway.Go(func() { w.browse(r) })
		}
	case "kill":
		w.browser.kill(e.how, e.span)
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
		j, known := w.browser.stealable()
		if w.thief.steal(j, known, e.how) {
			w.ledger.stolen(j.id)
		}
	case "thief":
		if r, ok := w.thief.request(&w.scenario, e); ok {
			w.underway.Go(func() { w.abuse(r) })
		}
	}
	if e.verb != "get" && e.verb != "thief" {
		w.ledger.note(e.at, "%s %s", e.verb, e.how)
	}
}

func (w *world) node(e event) *node { return w.nodes[e.node%len(w.nodes)] }

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
