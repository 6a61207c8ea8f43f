package sim

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/latchkey-dev/latchkey"
)

// staleAtMost is how long a node may serve a session whose end it was not notified of.
const staleAtMost = 1500 * time.Millisecond

// checkServed is I4.
func (l *ledger) checkServed(r *request, got reply) {
	a := l.session(got.session)
	if r.path == "/private" && got.session != r.jar.id {
		l.violatedLocked("I4: served session %d with the cookies of another", a.name)
	}
	known := a.ended
	if l.w.scenario.cached && r.e.node%len(l.w.nodes) != a.endedOn {
		known = known.Add(staleAtMost)
	}
	if a.ended.IsZero() || !got.started.After(known) {
		return
	}
	if a.undone {
		l.revived++
		return
	}
	l.violatedLocked("I4: session %d served, which had ended for %s", a.name, a.reason)
}

// checkBrowser is I1.
func (l *ledger) checkBrowser(r *request, got reply) {
	if got.status == http.StatusOK {
		l.served++
	}
	if got.status != http.StatusUnauthorized {
		return
	}
	a := l.session(r.jar.id)
	now, times := time.Now(), l.w.scenario.times
	skew := 2 * l.w.spread()
	if a.loggedOut {
		return
	}
	switch latchkey.EndReason(got.reason) {
	case latchkey.EndRefreshExpired:
		if times.refreshTTL != 0 && now.Sub(a.refreshed) >= times.refreshTTL-skew {
			return
		}
	case latchkey.EndAbsoluteTimeout:
		if times.absolute != 0 && now.Sub(a.created) >= times.absolute-skew {
			return
		}
	case latchkey.EndReuseDetected:
		if r.jar.id == l.theft.id && l.theft.id != (latchkey.ID{}) && a.boundAt.IsZero() {
			return
		}
	}
	if got.code == proofRequired {
		l.checkUnproven(a, r)
		return
	}
	l.signedOut++
	if !l.w.scenario.late && !l.lossy { // counted only: see profiles tail and losing
		l.violatedLocked("I1: an honest browser is signed out of session %d: %q", a.name, got.reason)
	}
}

// checkAsked is I6.
func (l *ledger) checkAsked(a *account) {
	if l.theft.id == a.id {
		return
	}
	l.askedNewer++
	if !l.w.scenario.late && !l.lossy {
		l.violatedLocked("I6: an honest browser is asked for newer cookies of session %d", a.name)
	}
}

// checkThief is I2.
func (l *ledger) checkThief(r *request, got reply) {
	th := &l.theft
	switch got.status {
	case http.StatusUnauthorized, http.StatusTemporaryRedirect:
		th.refused = true
		return
	case http.StatusOK:
	default:
		return
	}
	th.refused = false
	th.lastServed = time.Now()
	if r.jar.refresh == "" && len(got.cookies) > 0 {
		l.violatedLocked("I2: a session cookie alone brought new cookies")
	}
	if got.session != th.id {
		l.violatedLocked("I2: the thief is served a session that was not stolen")
	}
	g := max(th.pause, time.Since(th.lastAnswer))
	settling := min(time.Minute, l.w.idle()/2, l.w.cap()/2)
	if l.checkCopies(r) {
		return
	}
	bound := l.w.cap() + 2*settling + 4*l.w.inFlight() + 4*g + 4*l.w.spread()
	if since := time.Since(th.at); since >= bound {
		l.violatedLocked("I2: a thief is served %v after the theft, the bound is %v (g = %v)", since, bound, g)
	}
}

// received checks the browser's end.
func (l *ledger) received(got reply) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if got.status == http.StatusOK && got.session == l.theft.id {
		l.theft.pause = max(l.theft.pause, time.Since(l.theft.lastAnswer))
		l.theft.lastAnswer = time.Now()
	}
}

func (l *ledger) stolen(id latchkey.ID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.theft = theft{id: id, bound: !l.session(id).boundAt.IsZero(), at: time.Now(), lastAnswer: time.Now(), lastServed: time.Now()}
}

func (l *ledger) undone(losses []loss) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lossy = true
	for _, lost := range losses {
		a := l.session(lost.id)
		if lost.end {
			// The node that saw the end writes it again. If it is not alone, or has forgotten,
			// nobody may know.
			a.undone = l.crashed || len(l.w.nodes) > 1
		}
		if lost.binding {
			a.boundAt, a.unbound = time.Time{}, true
		}
	}
}

func (l *ledger) restarted() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.crashed = true
}

// asked is a call to the provider.
func (l *ledger) asked(ctx context.Context) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := ctx.Value(requestKey{}).(*request)
	a := l.session(r.jar.id)
	a.asked++
	l.checkIdle(r, "the provider is asked")
	if a.asked > a.claims && !l.lossy {
		l.violatedLocked("I3: session %d is refreshed %d times with %d claims", a.name, a.asked, a.claims)
	}
}

// written is a write of a record that took effect; before is nil for a new one.
func (l *ledger) written(ctx context.Context, before, after *latchkey.Record) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.session(after.ID)
	l.checkBinding(ctx, a, before, after)
	if !after.EndedAt.IsZero() && (before == nil || before.EndedAt.IsZero()) {
		a.ended, a.endedOn = time.Now(), -1
		if r, ok := ctx.Value(requestKey{}).(*request); ok {
			a.endedOn = r.e.node % len(l.w.nodes)
		}
	}
	a.swaps++
	a.generation = max(a.generation, after.Generation)
	if before == nil {
		a.allowed++
		return
	}
	// an end has a flight, by which its writer knows it again, and claims nothing
	claimed := after.Claim != before.Claim && !after.Claim.Until.IsZero()
	if claimed {
		a.claims++
		a.allowed += 2                                            // and the result, or the release
		fastest := time.Now().Add(slices.Max(l.w.scenario.skews)) // no node's clock says later
		if before.Claim != (latchkey.Claim{}) && fastest.Before(before.Claim.Until) {
			l.violatedLocked("I3: session %d is claimed while another claim stands", a.name)
		}
	}
	if !before.EndedAt.IsZero() && after.EndedAt.IsZero() {
		l.violatedLocked("I4: session %d was written to life", a.name)
	}
}

func (l *ledger) touched(seen []latchkey.Seen) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range seen {
		l.session(s.ID).touches++
	}
}

// writesOfAGeneration is fork, confirm and settle, and that it begins without a refresh (rule 7).
func (l *ledger) writesOfAGeneration() int {
	if l.w.scenario.times.ahead > 0 {
		return 4
	}
	return 3
}

// close is I5: create; claim and result; fork, confirm and settle in each generation; the end, and
// the record of the revocation.
func (l *ledger) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.length = time.Since(l.w.began)
	for _, a := range l.sessions {
		if budget := a.allowed + l.writesOfAGeneration()*int(a.generation) + 2; a.swaps > budget && !l.lossy {
			l.violatedLocked("I5: session %d cost %d writes, %d are accounted for", a.name, a.swaps, budget)
		}
		flushes := int(time.Since(a.created)/(l.w.idle()/10)) + 2
		if most := len(l.w.nodes) * flushes; a.touches > most && !l.crashed {
			l.violatedLocked("I5: the last use of session %d was written %d times, want at most %d", a.name, a.touches, most)
		}
	}
}
