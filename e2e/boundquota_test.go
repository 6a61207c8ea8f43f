package e2e_test

import (
	"net/http"
	"strings"
	"testing"
)

// TestBound_quota: a browser signs six times in nine minutes for all hosts of a site. Two apps of
// one site fit, each with a login and a proof after it. Without signatures left the browser says
// so, and the user is told to wait; nothing ends.
func TestBound_quota(t *testing.T) {
	t.Parallel()
	w, b := newWorldAt(t, secure), startBinder(newBrowserOf(t, rationed))
	store, forums := w.store.enterAndBind(b), w.forums.enterAndBind(b)
	w.clock.advance(proofDue)
	for s, p := range map[*site]*tab{w.store: store, w.forums: forums} {
		b.loseProof(s.origin)
		s.wantServed(s.name+", with a proof", s.asPage(p))
		for _, e := range s.wire.to(s, "/") {
			if skipped := e.request.Get("Secure-Session-Skipped"); skipped != "" {
				t.Errorf("%s %s %s came without a proof: %s", s.name, e.method, e.path, skipped)
			}
		}
	}
	b.loseProof(w.store.origin)
	w.forget()
	w.store.asPage(store)
	e := w.store.only("GET", w.store.protected)
	if skipped := e.request.Get("Secure-Session-Skipped"); !strings.HasPrefix(skipped, "quota_exceeded;") {
		t.Errorf("the seventh signature: skipped %q", skipped)
	}
	if p := (answer{e.status, e.body}).problem(); e.status != http.StatusServiceUnavailable || p.Code != "device_proof_delayed" || e.answer.Get("Retry-After") != "30" {
		t.Errorf("without signatures: %d %s, Retry-After %q", e.status, e.body, e.answer.Get("Retry-After"))
	}
	w.forums.wantServed("the other app", w.forums.asPage(forums))
}
