package sim

import (
	"context"
	"net/http"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/dbsc"
	"github.com/latchkey-dev/latchkey/dbsc/dbsctest"
)

const (
	proofLife     = 12 * time.Minute // L
	bindingGrace  = time.Minute      // for cookies of before
	proofRequired = "device_proof_required"
)

func keyOf(rec *latchkey.Record) (key [64]byte) {
	if rec.Binding != nil {
		key = rec.Binding.Key
	}
	return key
}

func isBound(rec *latchkey.Record) bool { return rec.Binding != nil && !rec.Binding.BoundAt.IsZero() }

// uselessAt is when the copied cookies of a request become worthless, if they are of a bound
// session: at once without the bound cookie. Those of before the binding still serve in its grace,
// and again when the store has lost the binding.
func (l *ledger) uselessAt(j jar) (at time.Time, bound bool) {
	at, a := l.theft.at, l.session(l.theft.id)
	if j.bound != "" {
		at = at.Add(proofLife + 2*time.Minute)
	}
	if !j.keyed {
		at = later(at, a.boundAt.Add(bindingGrace+l.w.spread()+staleAtMost))
	}
	return at, j.keyed || !a.boundAt.IsZero()
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// checkCopies is I7 for a request that is served. It reports whether I2 does not count.
func (l *ledger) checkCopies(r *request) bool {
	at, bound := l.uselessAt(r.jar)
	switch {
	case bound && !r.arrived.Before(at):
		l.violatedLocked("I7: a thief is served %v after the theft, the session is bound", r.arrived.Sub(l.theft.at))
	case !bound && l.session(l.theft.id).unbound:
		l.relapses++
	case !bound:
		return false
	}
	return true
}

// checkIdle is I7 for what else a thief could cause.
func (l *ledger) checkIdle(r *request, what string) {
	if r.who != "thief" {
		return
	}
	if at, bound := l.uselessAt(r.jar); bound && !r.arrived.Before(at) {
		l.violatedLocked("I7: %s because of a thief %v after the theft, the session is bound", what, r.arrived.Sub(l.theft.at))
	}
}

// checkBinding is a write.
func (l *ledger) checkBinding(ctx context.Context, a *account, before, after *latchkey.Record) {
	if r, ok := ctx.Value(requestKey{}).(*request); ok {
		l.checkIdle(r, "the record is written")
	}
	if isBound(after) {
		a.boundAt = after.Binding.BoundAt
	}
	if before == nil || !after.EndedAt.IsZero() || keyOf(before) == keyOf(after) && isBound(before) == isBound(after) {
		return
	}
	a.bindings++
	a.allowed++
	if a.bindings > 2 && !l.lossy || before.Binding != nil && keyOf(before) != keyOf(after) {
		l.violatedLocked("I8: the binding of session %d has changed", a.name)
	}
}

// checkPost is what the routes for keys answer.
func (l *ledger) checkPost(r *request, got reply) {
	switch got.status {
	case http.StatusForbidden, http.StatusServiceUnavailable:
	case http.StatusOK:
		switch {
		case r.who != "thief":
		case r.path == registrationPath:
			l.violatedLocked("I7: a thief registers a key")
		case len(got.cookies) > 0 && r.sent.Get(dbsc.HeaderResponse) != l.w.thief.known.proof:
			l.violatedLocked("I7: a thief proves a key")
		}
	default:
		l.violatedLocked("I8: a browser loses its key by a response %d to %s", got.status, r.path)
	}
}

// checkUnproven is I8 for a browser that is asked for a proof. A request that was longer under way
// than the grace of the binding is tried again.
func (l *ledger) checkUnproven(a *account, r *request) {
	switch {
	case l.w.browser.keys.hasLost(a.id):
		if r.repeats {
			l.keyless++
		}
	case l.overdue(a): // to the node that told the browser so; another's clock is behind
	case !r.repeats && r.e.up > bindingGrace-l.w.spread():
		l.tooLate++
	default:
		l.signedOut++
		l.violatedLocked("I8: an honest browser is signed out of session %d, and has its key", a.name)
	}
}

// proved is what became of a registration or a proof, of a browser that has this jar now.
func (l *ledger) proved(e dbsctest.Event, id latchkey.ID, j jar) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.noteLocked(time.Since(l.w.began), "  key %s %s", e.Kind, e.Reason)
	switch e.Kind {
	case dbsctest.Refreshed:
		l.proofs++
		if id == j.id && j.session != "" && !j.keyed && !l.lossy {
			l.violatedLocked("I7: a proof leaves the cookies of session %d as they were", l.session(id).name)
		}
	case dbsctest.Ended:
		l.checkForgotten(e, l.session(id), j)
	}
}

// checkForgotten is I8 for a browser that drops a key.
func (l *ledger) checkForgotten(e dbsctest.Event, a *account, j jar) {
	switch {
	case e.Reason != "ServerRequestedTermination":
		l.violatedLocked("I8: the key of session %d is dropped: %s", a.name, e.Reason)
	case a.id == j.id && j.refresh != "" && a.ended.IsZero() && !a.loggedOut && !l.overdue(a) && (j.keyed || !l.lossy):
		l.violatedLocked("I8: the browser is told to drop the key of session %d, which lives", a.name)
	}
}

// overdue reports whether a time limit may have ended a session that nobody has used since.
func (l *ledger) overdue(a *account) bool {
	times, skew := l.w.scenario.times, 2*l.w.spread()
	return times.refreshTTL != 0 && time.Since(a.refreshed) >= times.refreshTTL-skew ||
		times.absolute != 0 && time.Since(a.created) >= times.absolute-skew
}

// sent is I9: a request of a page leaves, and may have waited.
func (l *ledger) sent(r *request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if r.waits == 0 {
		return
	}
	l.waits++
	l.longest = max(l.longest, time.Since(r.asked))
	if r.waits > 1 {
		l.violatedLocked("I9: a request waits for %d proofs", r.waits)
	}
}
