package formattest

import (
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/dbsc/dbsctest"
)

const unproven = `"code":"device_proof_required"`

// serveBound serves the sessions with a key, which are in the store.
func (s *Samples) serveBound(t *testing.T, store latchkey.Store) {
	w := newWorld(t, s, store)
	w.start()
	bound, copied := w.device(s, Bound)
	w.expect("with its proof", bound, 200, "user-bound, bound")
	w.expect("without a proof", copied, 401, unproven)
	registered, early := w.device(s, Registered)
	w.expect("registered, without a proof", early, 200, "user-registered")
	w.expect("registered, with the first proof", registered, 200, "user-registered, bound")
	w.advance(2 * time.Minute)
	w.expect("a copy from before the first proof", early, 401, unproven)
	w.advance(2 * time.Hour)
	w.expect("expired", bound, 200, "user-bound, bound")
	w.expect("expired, registered late", registered, 200, "user-registered, bound")
	w.expect("expired, without a proof", copied, 401, unproven)
	if len(bound.Sessions()) != 1 || len(registered.Sessions()) != 1 {
		t.Error("a browser has given up its key")
	}
}

// serveBoundLost restores a bound session that the store has lost: with a proof only, and bound.
func (w *world) serveBoundLost(s *Samples) {
	bound, copied := w.device(s, Bound)
	w.expect("without a proof", copied, 401, unproven)
	w.expect("with its proof", bound, 200, "user-bound, bound")
	w.expect("without a proof, again", copied, 401, unproven)
}

// device returns the browser of a session with a key, and one that has copied all cookies but the
// bound one. The bound cookie of a session that is not bound had a short life.
func (w *world) device(s *Samples, name string) (own, copied *dbsctest.Browser) {
	w.t.Helper()
	jar, stolen := s.Cookies[name], s.Cookies[name]
	if stolen.Bound = ""; name == Registered {
		jar.Bound = ""
	}
	own = w.browser(&jar)
	own.Put(s.Session(w.t, name))
	return own, w.browser(&stolen)
}
