package latchkey

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/latchkey-dev/latchkey/internal/cookie"
	"github.com/latchkey-dev/latchkey/internal/crossorigin"
	"github.com/latchkey-dev/latchkey/internal/flight"
	"github.com/latchkey-dev/latchkey/internal/packed"
	"github.com/latchkey-dev/latchkey/internal/rotation"
	"github.com/latchkey-dev/latchkey/internal/wire"
)

// A candidate is what a request shows of one session: a mark, the proof that it is for the rules,
// and the device that sent it.
type candidate struct {
	cookie.Mark
	proof  rotation.Proof
	userID string          // from the refresh cookie; empty if unknown
	sealed *cookie.Content // the refresh cookie; nil without it
	from   Device          // who sent it

	arrived   time.Time
	bound     string   // the bound cookie; empty without it
	key       *Binding // from a keyed refresh cookie; else nil
	skipped   string   // why the browser could not sign, as it says of some session; else empty
	couldBind bool     // the browser has bound a session before
}

// bindingOver returns the binding that counts, of a record, which may be nil, and a refresh cookie.
// The first key counts, forever. But the cookie may know more than a record that is not bound:
// then the store has lost the binding.
func (c *candidate) bindingOver(rec *Record) *Binding {
	if rec == nil || c.key != nil && rec.Binding.boundAt().IsZero() {
		return c.key
	}
	return rec.Binding
}

// candidates lists what a request shows, in the order in which it is judged. Two cookies with the
// same mark are one candidate. If they differ, the session cookie comes first, and the refresh
// cookie only if the first is not served (rule 0).
func candidates(r *http.Request, from Device, now time.Time, m cookie.Mark, genuine bool, content cookie.Content, sealed bool) []candidate {
	var list []candidate
	bound := cookie.Value(r.Header, cookie.BoundName)
	if genuine {
		c := candidate{Mark: m, proof: proofOf(m), userID: ownerOf(m, content), from: from, arrived: now, bound: bound}
		c.proof.Session = true
		list = append(list, c)
	}
	if !sealed {
		return list
	}
	if !genuine || !m.Same(content.Mark) {
		list = append(list, candidate{Mark: content.Mark, proof: proofOf(content.Mark), userID: content.UserID, from: from, arrived: now, bound: bound})
	}
	c := &list[len(list)-1]
	c.sealed, c.proof.Refresh = &content, true
	if content.Keyed {
		c.key, _ = newBinding(content.PublicKey, content.BoundAt)
		c.Keyed, c.proof.Keyed, c.proof.Key = true, true, c.key != nil
	}
	c.proof.Answers, c.proof.Follows = answered(r.Header, content.Branch), !crossorigin.IsUpgrade(r.Header)
	return list
}

// ownerOf returns the id of the user of a session, if the refresh cookie names it. A session cookie
// does not.
func ownerOf(session cookie.Mark, refresh cookie.Content) (userID string) {
	if refresh.ID != session.ID {
		return ""
	}
	return refresh.UserID
}

// proofOf is what a genuine mark proves. Which cookies have it is left out.
func proofOf(m cookie.Mark) rotation.Proof {
	return rotation.Proof{Generation: m.Generation, Branch: m.Branch.Digest(), MintedAt: m.MintedAt, Keyed: m.Keyed}
}

// unknown returns the fields of the refresh cookie that this program does not know.
func (c *candidate) unknown() packed.Unknown {
	if c.sealed == nil {
		return ""
	}
	return c.sealed.Unknown
}

// An authOutcome is what a request's cookies come to.
type authOutcome struct {
	kind outcomeKind

	// If the request is served:
	record     *Record
	token      *openedToken                           // from a record in memory
	cookies    *cookiePair                            // to be set with the response
	refreshing *flight.Flight[candidate, authOutcome] // the JWT has expired
	fresh      func(context.Context) (*Record, error) // of a guard around this one; see Session

	reason EndReason     // ended: why
	again  *cookieChange // asked: with which cookie the browser comes again; served or unproven: what becomes of the bound cookie
	late   bool          // unproven: the browser will sign later
	err    error         // unknown: why

	unproven *Record // unproven, or served by DeviceBindingWatch only
}

type outcomeKind byte

const (
	outcomeNobody   outcomeKind = iota // not logged in
	outcomeServed                      // logged in
	outcomeEnded                       // not logged in: the session of these cookies has ended
	outcomeAsked                       // the browser is challenged first
	outcomeUnknown                     // the store or the provider is unavailable
	outcomeUnproven                    // the session is bound, and the proof is missing
)

func served(rec *Record) authOutcome { return authOutcome{kind: outcomeServed, record: rec} }

func ended(reason EndReason) authOutcome { return authOutcome{kind: outcomeEnded, reason: reason} }

func asked(q rotation.Question, b cookie.Branch) authOutcome {
	return authOutcome{kind: outcomeAsked, again: &cookieChange{echoCookieName, echo(q, b), 0}}
}

func unproven(rec *Record) authOutcome { return authOutcome{kind: outcomeUnproven, unproven: rec} }

// errJudgeAgain means that the cookies must be judged again: the session has changed, or a refresh
// has just brought it back to life.
var errJudgeAgain = errors.New("the session has changed, and its cookies must be judged again")

// mustJudgeAgain reports whether err is errJudgeAgain, or a write lost a race.
func mustJudgeAgain(err error) bool {
	return errors.Is(err, errJudgeAgain) || errors.Is(err, ErrConflict) || errors.Is(err, ErrNotFound)
}

// answerNobody answers a request of the guard's own routes that has no login.
func (c *cookies) answerNobody(w http.ResponseWriter, r *http.Request, o authOutcome, code Code) {
	if o.kind == outcomeAsked {
		c.challenge(w, r, o.again)
		return
	}
	c.change(w, o.again)
	WriteError(w, o.problem(code))
}

// problem says why a request has no login.
func (o *authOutcome) problem(code Code) *Problem {
	switch {
	case o.kind == outcomeUnknown:
		return unavailable(o.err)
	case o.kind == outcomeUnproven && o.late:
		return &Problem{Code: wire.CodeDeviceProofDelayed}
	case o.kind == outcomeUnproven:
		return &Problem{Code: wire.CodeDeviceProofRequired}
	}
	return &Problem{Code: code, EndReason: o.reason}
}
