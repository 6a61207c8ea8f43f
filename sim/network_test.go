package sim

import (
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"
)

const (
	registrationPath = "/api/dbsc/register"
	proofPath        = "/api/dbsc/refresh"
)

// A network takes the requests of a browser that binds sessions: those of the pages, which may have
// waited for a proof, and the browser's own.
type network struct{ *world }

func (n network) RoundTrip(h *http.Request) (*http.Response, error) {
	r, got, ok := n.take(h)
	if !ok {
		return nil, errDown
	}
	n.browser.keys.keep(r.jar.id, got)
	return &http.Response{StatusCode: got.status, Header: got.header, Body: io.NopCloser(got.body), Request: h}, nil
}

func (n network) take(h *http.Request) (*request, reply, bool) {
	if strings.HasPrefix(h.URL.Path, "/api/dbsc/") {
		r := n.posted(h)
		got, ok := n.post(r)
		return r, got, ok
	}
	r := h.Context().Value(requestKey{}).(*request)
	r.jar, r.sent = n.browser.copy(), h.Header
	if !n.browser.lives(r.life) { // any longer
		return r, reply{}, false
	}
	r.waits += n.browser.keys.proofsOf(r.jar.id) - r.proofsBefore
	n.ledger.sent(r)
	got, ok := n.exchange(r)
	r.got = got
	return r, got, ok
}

// posted is a post of the browser. Its fate depends on when it is sent.
func (n network) posted(h *http.Request) *request {
	at := time.Since(n.began)
	d := &dice{rand.New(rand.NewPCG(n.scenario.seed, ^uint64(at)))}
	e := event{at: at, verb: "post", node: d.IntN(4), up: ordinary(d), down: ordinary(d)}
	switch x := d.Float64(); {
	case x < n.scenario.loses:
		e.lost = "request"
	case x < 2*n.scenario.loses:
		e.lost = "answer"
	}
	r := newRequest(&n.scenario, e, "browser", h.URL.Path, n.browser.copy())
	r.sent = h.Header
	return r
}

// patience is when a browser gives up a post.
const patience = 20 * time.Second

func (w *world) post(r *request) (reply, bool) {
	start, until := w.browser.started(), time.Now().Add(patience)
	got, ok := w.travel(r)
	if !ok {
		time.Sleep(time.Until(until))
	}
	return got, ok && time.Now().Before(until) && w.browser.take(start, got)
}
