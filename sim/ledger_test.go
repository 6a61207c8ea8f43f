package sim

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/latchkey-dev/latchkey"
)

// A ledger notes what happens in a run and checks what must hold, after every answer and every write:
//
//	I1  no honest browser is signed out, but by a time limit, a logout, or a thief;
//	I2  a thief is served for less than cap + 2F + 4W + 4g;
//	I3  the provider is asked once for each claim, and no two claims stand at once;
//	I4  nothing is served after an end that was written before the request came;
//	I5  a session costs no more writes than its generations account for.
type ledger struct {
	w *world

	mu         sync.Mutex
	lines      []line
	violations []string
	sessions   map[latchkey.ID]*account
	crashed    bool // nodes have restarted, and forgotten the ends that they had seen
	lossy      bool // the store has lost writes

	served, unavailable int // answers to the browser
	signedOut           int // honest browsers, of a session that nobody ended
	revived             int // answers for a session whose end the store has lost
	theft               theft
	length              time.Duration
}

// An account is what is known of one session.
type account struct {
	name       int // in the order of logins
	created    time.Time
	refreshed  time.Time // the newest refresh
	ended      time.Time // written to the store
	reason     latchkey.EndReason
	undone     bool // the store has lost the end
	loggedOut  bool // somebody asked for it, by a logout or by the next login
	asked      int  // calls of the provider for a refresh
	claims     int
	swaps      int
	allowed    int // swaps that are accounted for
	touches    int
	generation uint32
}

// theft is what became of the thief.
type theft struct {
	id         latchkey.ID
	at         time.Time
	lastAnswer time.Time     // to the victim
	pause      time.Duration // g: the victim's longest between two answers
	lastServed time.Time     // the thief
	noticed    time.Duration // from the theft to the end of the session for it; 0: not yet
	refused    bool          // his newest request
}

type line struct {
	at, event time.Duration
	text      string
}

func newLedger(w *world) *ledger {
	return &ledger{w: w, sessions: make(map[latchkey.ID]*account)}
}

func (l *ledger) note(event time.Duration, format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.noteLocked(event, format, args...)
}

func (l *ledger) noteLocked(event time.Duration, format string, args ...any) {
	l.lines = append(l.lines, line{time.Since(l.w.began), event, fmt.Sprintf(format, args...)})
}

func (l *ledger) violated(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.violatedLocked(format, args...)
}

func (l *ledger) violatedLocked(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	l.violations = append(l.violations, text)
	l.noteLocked(0, "VIOLATION %s", text)
}

func (l *ledger) session(id latchkey.ID) *account {
	a := l.sessions[id]
	if a == nil {
		a = &account{name: len(l.sessions) + 1, created: time.Now(), refreshed: time.Now()}
		l.sessions[id] = a
	}
	return a
}

func (l *ledger) byName(name string) (id latchkey.ID) {
	raw, err := base64.RawURLEncoding.DecodeString(name)
	if err != nil || len(raw) != len(id) {
		l.violated("not the id of a session: %q", name)
		return id
	}
	return latchkey.ID(raw)
}

// told hears the events of all guards.
func (l *ledger) told(ctx context.Context, e latchkey.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r, _ := ctx.Value(requestKey{}).(*request)
	if r != nil {
		l.noteLocked(r.e.at, "  event %s %s generation %d", e.Kind, e.Reason, e.Generation)
	}
	if e.Session == (latchkey.ID{}) {
		return
	}
	a := l.session(e.Session)
	switch e.Kind {
	case latchkey.EventLogin:
		r.begun = e.Session
	case latchkey.EventRefreshed, latchkey.EventRebuilt:
		a.refreshed = time.Now()
	case latchkey.EventEnded:
		a.ended, a.reason, a.undone = time.Now(), e.Reason, false
		if e.Reason == latchkey.EndReuseDetected && e.Session == l.theft.id {
			l.theft.noticed = time.Since(l.theft.at)
		}
	}
}

// arrived is a request that reaches the guard.
func (l *ledger) arrived(r *request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if r.path != "/private" && r.jar.id != (latchkey.ID{}) {
		l.session(r.jar.id).loggedOut = true
	}
}

// answered is a request that the guard has answered.
func (l *ledger) answered(r *request, got reply) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.noteLocked(r.e.at, "%s %s: %d %s%s", r.who, r.path, got.status, got.reason, minted(got))
	if got.status == http.StatusServiceUnavailable {
		l.unavailable++
	}
	if got.status >= 500 && got.status != http.StatusServiceUnavailable || got.status == http.StatusForbidden || got.status == http.StatusBadRequest {
		l.violatedLocked("answer %d", got.status)
	}
	if got.status == http.StatusOK {
		l.checkServed(r, got)
	}
	switch {
	case r.who == "thief":
		l.checkThief(r, got)
	case r.path == "/private":
		l.checkBrowser(r, got)
	}
}

func minted(got reply) string {
	if len(got.cookies) > 0 {
		return " with cookies"
	}
	return ""
}

// checkServed is I4.
func (l *ledger) checkServed(r *request, got reply) {
	a := l.session(got.session)
	if r.path == "/private" && got.session != r.jar.id {
		l.violatedLocked("I4: served session %d with the cookies of another", a.name)
	}
	if a.ended.IsZero() || !got.started.After(a.ended) {
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
		if r.jar.id == l.theft.id && l.theft.id != (latchkey.ID{}) {
			return
		}
	}
	l.signedOut++
	if !l.w.scenario.late && !l.lossy { // these are counted: see profile tail, and testdata/open
		l.violatedLocked("I1: an honest browser is signed out of session %d: %q", a.name, got.reason)
	}
}

// checkThief is I2.
func (l *ledger) checkThief(r *request, got reply) {
	th := &l.theft
	switch got.status {
	case http.StatusUnauthorized:
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
		l.violatedLocked("I2: the thief is served a session that he did not steal")
	}
	g := max(th.pause, time.Since(th.lastAnswer))
	settling := min(time.Minute, l.w.idle()/2, l.w.cap()/2)
	bound := l.w.cap() + 2*settling + 4*l.w.inFlight() + 4*g + 4*l.w.spread()
	if since := time.Since(th.at); since >= bound {
		l.violatedLocked("I2: a thief is served %v after the theft, the bound is %v (g = %v)", since, bound, g)
	}
}

// received is the browser's end.
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
	l.theft = theft{id: id, at: time.Now(), lastAnswer: time.Now(), lastServed: time.Now()}
}

func (l *ledger) undone(revived []latchkey.ID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lossy = true
	for _, id := range revived {
		// The node that saw the end writes it again. It is not alone, or has forgotten: then nobody may know.
		l.session(id).undone = l.crashed || len(l.w.nodes) > 1
	}
}

func (l *ledger) restarted() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.crashed = true
}

// asked is a call of the provider.
func (l *ledger) asked(ctx context.Context) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := ctx.Value(requestKey{}).(*request)
	a := l.session(r.jar.id)
	a.asked++
	if a.asked > a.claims && !l.lossy {
		l.violatedLocked("I3: session %d is refreshed %d times with %d claims", a.name, a.asked, a.claims)
	}
}

// written is a write of a record that took effect; before is nil for a new one.
func (l *ledger) written(before, after *latchkey.Record) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.session(after.ID)
	a.swaps++
	a.generation = max(a.generation, after.Generation)
	if before == nil {
		a.allowed++
		return
	}
	claimed := after.Claim != before.Claim && after.Claim != (latchkey.Claim{})
	if claimed {
		a.claims++
		a.allowed += 2 // and the result, or the release
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

// close is I5: create; claim and result; fork, confirm and settle in each generation; the end, and that the token is revoked.
func (l *ledger) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.length = time.Since(l.w.began)
	for _, a := range l.sessions {
		if budget := a.allowed + 3*int(a.generation) + 2; a.swaps > budget && !l.lossy {
			l.violatedLocked("I5: session %d cost %d writes, %d are accounted for", a.name, a.swaps, budget)
		}
		flushes := int(time.Since(a.created)/(l.w.idle()/10)) + 2
		if most := len(l.w.nodes) * flushes; a.touches > most && !l.crashed {
			l.violatedLocked("I5: the last use of session %d was written %d times, want at most %d", a.name, a.touches, most)
		}
	}
}

// history is all that happened, in order. What happened at one instant is told in the order of the events behind it.
func (l *ledger) history() string {
	slices.SortStableFunc(l.lines, func(a, b line) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.event, b.event), strings.Compare(a.text, b.text))
	})
	var b strings.Builder
	for _, line := range l.lines {
		fmt.Fprintf(&b, "%-22v %s\n", line.at, line.text)
	}
	return b.String()
}

// hash tells two histories apart.
func (l *ledger) hash() string { return fmt.Sprintf("%x", sha256.Sum256([]byte(l.history())))[:16] }
