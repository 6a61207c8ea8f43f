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

// A ledger records a run and checks the invariants after every response and every write:
//
//	I1  no honest browser is logged out, except by a time limit, a logout, or a thief;
//	I2  a thief is served for less than cap + 2F + 4W + 4g;
//	I3  the provider is called once for each claim, and there is one claim at a time;
//	I4  nothing is served after an end that was stored before the request came; other nodes
//	    that cache records serve nothing that comes 1.5 s later;
//	I5  a session costs no more writes than its generations account for;
//	I6  no honest browser is asked for newer cookies, while the network keeps to the window and
//	    the store loses nothing;
//	I7  what was copied of a bound session is of no use L + 2 minutes later: not served, and
//	    nothing is asked of the provider or written because of it;
//	I8  a browser that binds sessions loses a key only when it is killed, or the session is over,
//	    and is asked to log in only without the key;
//	I9  no request waits for more than one proof of a key.
type ledger struct {
	w *world

	mu         sync.Mutex
	lines      []line
	violations []string
	sessions   map[latchkey.ID]*account
	crashed    bool // nodes have restarted, and forgotten their tombstones
	lossy      bool // the store has lost writes

	served, unavailable int           // answers to the browser
	askedNewer          int           // honest browsers, whether they have newer cookies
	signedOut           int           // honest browsers, of a session that nobody ended
	revived             int           // answers for a session whose end the store has lost
	proofs              int           // of keys, for which there was a bound cookie
	waits               int           // requests that waited for one
	longest             time.Duration // that they waited
	keyless             int           // honest browsers that log in again because their key is lost
	tooLate             int           // requests of before the binding that arrive after its grace
	relapses            int           // answers to a thief of a bound session whose binding the store has lost
	theft               theft
	length              time.Duration
}

// An account is what is known about one session.
type account struct {
	id         latchkey.ID
	name       int // in the order of logins
	created    time.Time
	refreshed  time.Time // the newest refresh
	ended      time.Time // written to the store
	endedOn    int       // by this node
	reason     latchkey.EndReason
	undone     bool // the store has lost the end
	loggedOut  bool // somebody asked for it, by a logout or by the next login
	asked      int  // calls of the provider for a refresh
	claims     int
	swaps      int
	allowed    int // swaps that are accounted for
	touches    int
	generation uint32
	boundAt    time.Time // of the record, as it is in the store
	bindings   int       // registrations, and what makes them count
	unbound    bool      // the store has lost a binding
}

// theft is the fate of the thief.
type theft struct {
	id         latchkey.ID
	at         time.Time
	bound      bool          // the session was
	lastAnswer time.Time     // to the victim
	pause      time.Duration // g: the victim's longest time between two responses
	lastServed time.Time     // the thief
	noticed    time.Duration // from the theft to the session's end because of it; 0: not yet
	refused    bool          // the thief's newest request
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
		a = &account{id: id, name: len(l.sessions) + 1, created: time.Now(), refreshed: time.Now()}
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

// told receives the events of all guards.
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
	case latchkey.EventStale:
		l.checkAsked(a)
	case latchkey.EventEnded:
		a.reason, a.undone = e.Reason, false
		if e.Reason == latchkey.EndReuseDetected && e.Session == l.theft.id {
			l.theft.noticed = time.Since(l.theft.at)
		}
	}
}

// arrived is a request that reaches the guard.
func (l *ledger) arrived(r *request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r.arrived = time.Now()
	if (r.path == "/api/login" || r.path == "/api/logout") && r.jar.id != (latchkey.ID{}) {
		l.session(r.jar.id).loggedOut = true
	}
}

// answered is a request that the guard has answered.
func (l *ledger) answered(r *request, got reply) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.noteLocked(r.e.at, "%s %s: %d %s%s", r.who, r.path, got.status, got.reason, minted(got))
	if r.path == registrationPath || r.path == proofPath {
		l.checkPost(r, got)
		return
	}
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

// history is everything that happened, in order. Events of the same instant are in the order of
// their causes.
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

// hash distinguishes two histories.
func (l *ledger) hash() string { return fmt.Sprintf("%x", sha256.Sum256([]byte(l.history())))[:16] }
