package sim

import (
	"context"
	"net/http"
	"time"
)

// browse is one request of a page.
func (w *world) browse(r *request) {
	got, ok := w.fetch(r)
	switch {
	case !ok:
	case got.status == http.StatusTemporaryRedirect: // browsers follow immediately, with the jar's current cookies
		w.browse(w.again(r))
	case r.isTriedAgain(got):
		time.Sleep(time.Second)
		next := w.again(r)
		next.repeats = true
		w.browse(next)
	}
}

// again is the same request once more.
func (w *world) again(r *request) *request {
	e := r.e
	e.at, e.up, e.down = e.at+1, min(e.up, 10*time.Second), min(e.down, 10*time.Second)
	next := newRequest(&w.scenario, e, r.who, r.path, w.browser.copy())
	next.life, next.repeats, next.waits = r.life, r.repeats, r.waits
	return next
}

// fetch sends a request of a page. It returns false if the page gets no response, or is gone.
func (w *world) fetch(r *request) (reply, bool) {
	keys := w.browser.keys
	if keys == nil {
		return w.exchange(r)
	}
	h, err := http.NewRequestWithContext(context.WithValue(context.Background(), requestKey{}, r), r.method(), origin+r.path, http.NoBody)
	if err != nil {
		w.t.Fatal(err)
	}
	h.Header, r.asked, r.proofsBefore = r.header(), time.Now(), keys.proofsOf(r.jar.id)
	_, err = keys.RoundTrip(h)
	return r.got, err == nil
}

// exchange is a request of a page on its way there and back.
func (w *world) exchange(r *request) (reply, bool) {
	got, ok := w.travel(r)
	if ok {
		ok = w.browser.receive(r, got)
	} else {
		w.browser.lose(r.life)
	}
	if ok {
		w.ledger.received(got)
	}
	return got, ok
}

// abuse is one request of the thief, who does not follow redirects, which could only expose the
// thief.
func (w *world) abuse(r *request) {
	if got, ok := w.travel(r); ok && got.status != http.StatusTemporaryRedirect {
		w.thief.receive(r.jar, got)
	}
}

// travel takes a request to its node and the response back. It returns false if no response
// arrives. In a network that keeps to the window nobody waits longer for a response.
func (w *world) travel(r *request) (reply, bool) {
	sent := time.Now()
	time.Sleep(r.e.up)
	if r.e.lost == "request" {
		w.ledger.note(r.e.at, "%s %s: lost on the way", r.who, r.path)
		return reply{}, false
	}
	p := w.node(r.e).newest()
	w.ledger.arrived(r)
	got := r.send(w, p)
	w.ledger.answered(r, got)
	time.Sleep(r.e.down)
	late := time.Since(sent) > w.window() && !w.scenario.late
	return got, r.e.lost == "" && !late && !p.crashed.Load()
}
