package e2e_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/latchkeytest"
)

// TestBound_outage: a proof needs the store, and nothing of the provider. While the store is down
// the browser keeps its key, and says why it comes without a proof.
func TestBound_outage(t *testing.T) {
	t.Parallel()
	sessions := latchkeytest.NewStore()
	w, b := newWorldAt(t, secure, func(c *latchkey.Config) { c.Store = sessions }), newBinder(t)
	for _, s := range w.sites() {
		p := s.enterAndBind(b)
		sessions.Fail(errors.New("the store is down"))
		b.loseProof(s.origin)
		s.forget()
		if got := p.fetch(s.protected); got.Status != http.StatusServiceUnavailable {
			t.Errorf("%s: while the store is down: %d %s", s.name, got.Status, got.Body)
		}
		b.awaitTold("refresh ServerError")
		for _, e := range s.wire.to(s, s.protected) {
			if e.request.Get("Secure-Session-Skipped") == "" {
				t.Errorf("%s: the browser does not say that it could not give a proof: %v", s.name, e.request)
			}
		}
		sessions.Fail(nil)
		w.faults.answer(unavailable)
		s.wantServed("when the store is back, and the provider is down", s.asPage(p))
		b.awaitTold("refresh Refreshed")
		w.faults.answer(nil)
	}
}
