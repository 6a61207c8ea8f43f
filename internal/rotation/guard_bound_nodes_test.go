package rotation_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing/synctest"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/internal/rotation"
)

const (
	privateRoute  = "/private"
	registerRoute = "/api/dbsc/register"
	refreshRoute  = "/api/dbsc/refresh"
)

// walkLimits are short, so that a history of some hours has many generations and proofs.
var walkLimits = rotation.Limits{
	Idle: 10 * time.Minute, Cap: 20 * time.Minute, RefreshTTL: 2 * time.Hour, Absolute: 4 * time.Hour,
	InFlight: 2 * time.Minute, Settling: time.Minute, ProofLife: 5 * time.Minute,
}

// A walkNode is one of two nodes.
type walkNode struct {
	guard   *latchkey.Guard
	handler http.Handler
	mode    latchkey.DeviceBinding
	ahead   atomic.Int64 // of the right time, in nanoseconds
	lastUse map[latchkey.ID]time.Time
}

func (n *walkNode) now() time.Time { return time.Now().Add(time.Duration(n.ahead.Load())) }

func (n *walkNode) limits() rotation.Limits {
	l := walkLimits
	l.Proofs = n.enforces()
	return l
}

func (n *walkNode) enforces() bool {
	return n.mode == latchkey.DeviceBindingOn || n.mode == latchkey.DeviceBindingRequire
}

// start starts the node in a mode, in place of the guard that it had.
func (w *boundWalk) start(n *walkNode, mode latchkey.DeviceBinding) {
	var store latchkey.Store = w.store
	if w.caches {
		store = tellingStore{w.store}
	}
	old := n.guard
	guard, err := latchkey.New(latchkey.Config{
		Origin: origin, Provider: anyGrant{}, Store: store, Keys: w.keys, DeviceBinding: mode, Replaces: old,
		IdleTimeout: walkLimits.Idle, SessionCap: walkLimits.Cap, InFlightWindow: walkLimits.InFlight,
		RefreshTTL: walkLimits.RefreshTTL, AbsoluteTimeout: walkLimits.Absolute, DeviceProofLifetime: walkLimits.ProofLife,
		ClientIP: func(*http.Request) string { return "192.0.2.1" }, Logger: slog.New(slog.DiscardHandler), Now: n.now,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/api/", guard.Handler())
	mux.Handle(privateRoute, guard.Protect(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusNoContent) })))
	n.guard, n.handler, n.mode = guard, mux, mode
	if old != nil {
		if err := old.Close(context.Background()); err != nil {
			w.t.Error(err)
		}
	}
	synctest.Wait()
}

// anyGrant is a Provider that grants everything.
type anyGrant struct{}

func (anyGrant) Login(context.Context, latchkey.Credentials) (latchkey.Grant, error) {
	return latchkey.Grant{User: latchkey.User{ID: "ada"}, Token: "jwt", RefreshToken: "token"}, nil
}

func (g anyGrant) Refresh(ctx context.Context, _ latchkey.Renewal) (latchkey.Grant, error) {
	return g.Login(ctx, latchkey.Credentials{})
}

func (anyGrant) Revoke(context.Context, string) error { return nil }

var errLost = errors.New("lost on the way")

// RoundTrip sends a request of the owner's browser to one of the nodes.
func (w *boundWalk) RoundTrip(r *http.Request) (*http.Response, error) {
	if w.losing && w.maybe(8) {
		w.note("  lost: %s", r.URL.Path)
		return nil, errLost
	}
	resp, _ := w.send(pick(w, w.nodes[:]), r)
	if w.losing && w.maybe(8) {
		w.note("  its answer is lost")
		return nil, errLost
	}
	return resp, nil
}

// send shows a request to a node, and checks that it comes to what the model says.
func (w *boundWalk) send(n *walkNode, r *http.Request) (*http.Response, *boundModel) {
	m, want, key := w.modelOf(n, r), "", (*[64]byte)(nil)
	var end time.Time
	switch r.URL.Path {
	case privateRoute:
		want = m.request()
	case refreshRoute:
		want, key, end = m.proof(r)
	case registerRoute:
		want, key = m.registration(r)
	}
	rec := httptest.NewRecorder()
	n.handler.ServeHTTP(rec, incoming(r))
	synctest.Wait() // for what goes on in the background
	resp := rec.Result()
	resp.Request = r
	body, _ := io.ReadAll(resp.Body)
	resp.Body = io.NopCloser(bytes.NewReader(body))
	if key != nil {
		w.proving = *key
	}
	if want == keyRegistered && resp.StatusCode == http.StatusOK {
		w.identify(m.shown.refresh.of, body)
	}
	pair, proof := w.learn(resp, m.now)
	got := outcomeOfPage(resp, body, pair)
	if r.URL.Path != privateRoute {
		got = outcomeOfKeys(resp, body, pair)
	}
	w.note("  %v %s %s: %s", n.mode, w.tellShown(m.shown), r.URL.Path, got)
	if want == "" {
		return resp, m
	}
	w.seen[want]++
	if got != want {
		w.t.Fatalf("guard: %s\nmodel: %s\n%s", got, want, body)
	}
	if (want == keyProven || want == keySealed) && !proof.end.Equal(end.Truncate(time.Millisecond)) {
		w.t.Errorf("the bound cookie ends at %v, want %v", proof.end, end)
	}
	if m.by != nil {
		n.lastUse[m.by.id] = m.now
	}
	m.compare()
	w.follow()
	return resp, m
}

// incoming is a request as a server has it.
func incoming(r *http.Request) *http.Request {
	in := r.Clone(r.Context())
	in.RequestURI, in.RemoteAddr = r.URL.RequestURI(), "192.0.2.1:1234"
	if in.Body == nil {
		in.Body = http.NoBody
	}
	return in
}

// outcomeOfPage names an answer to a request of a page.
func outcomeOfPage(resp *http.Response, body []byte, pair *walkPair) string {
	outcome := ""
	switch text := string(body); {
	case resp.StatusCode == http.StatusNoContent:
		outcome = served
	case resp.StatusCode == http.StatusTemporaryRedirect && clears(resp, boundName):
		return again
	case resp.StatusCode == http.StatusTemporaryRedirect:
		return asked
	case strings.Contains(text, "device_proof_required"):
		return unproven
	case strings.Contains(text, "device_proof_delayed"):
		return unprovenYet
	case strings.Contains(text, `"endReason"`):
		return over
	case strings.Contains(text, "login_required"):
		return nobodyThere
	default:
		return resp.Status
	}
	if pair != nil {
		outcome += renewed
	}
	if clears(resp, boundName) {
		outcome += cleared
	}
	return outcome
}

// compare compares the records with what the model says of them.
func (m *boundModel) compare() {
	for of, want := range m.sessions {
		rec, got := m.store.state(of.id)
		switch {
		case got == nil && want.State == nil:
		case got == nil || want.State == nil:
			m.t.Errorf("the store has the session: %t", got != nil)
		case got.Ended && want.Ended:
		case !sameState(*got, *want.State):
			m.t.Errorf("the record is\n%+v\nwant\n%+v", *got, *want.State)
		case (rec.Binding == nil) != (want.key == nil) || rec.Binding != nil && rec.Binding.Key != *want.key:
			m.t.Errorf("the record has another key")
		}
	}
}

// sameState leaves out the last use, which is stored later.
func sameState(a, b rotation.State) bool {
	for _, at := range []struct{ a, b *time.Time }{
		{&a.ConfirmedAt, &b.ConfirmedAt}, {&a.RefreshedAt, &b.RefreshedAt}, {&a.TokenExpiresAt, &b.TokenExpiresAt}, {&a.ExpiresAt, &b.ExpiresAt},
		{&a.RefreshExpiresAt, &b.RefreshExpiresAt}, {&a.Deadline, &b.Deadline}, {&a.BoundAt, &b.BoundAt},
	} {
		if at.a.Sub(*at.b).Abs() >= time.Millisecond { // the precision of the times in cookies
			return false
		}
		*at.a, *at.b = time.Time{}, time.Time{}
	}
	a.LastSeenAt, b.LastSeenAt = time.Time{}, time.Time{}
	return a == b
}
