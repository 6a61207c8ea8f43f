package latchkey

import (
	"context"
	"errors"
	"net/http"

	"github.com/latchkey-dev/latchkey/internal/cookie"
	"github.com/latchkey-dev/latchkey/internal/crossorigin"
	"github.com/latchkey-dev/latchkey/internal/flight"
	"github.com/latchkey-dev/latchkey/internal/packed"
	"github.com/latchkey-dev/latchkey/internal/rotation"
)

// A candidate is what a request shows of one session: a mark, the proof that it is for the rules,
// and the device that sent it.
type candidate struct {
	cookie.Mark
	proof  rotation.Proof
	userID string          // from the refresh cookie; empty if unknown
	sealed *cookie.Content // the refresh cookie; nil without it
	from   Device          // who sent it
}

// candidates lists what a request shows, in the order in which it is judged. Two cookies with the
// same mark are one candidate. If they differ, the session cookie comes first, and the refresh
// cookie only if the first is not served (rule 0).
func candidates(r *http.Request, from Device, m cookie.Mark, genuine bool, content cookie.Content, sealed bool) []candidate {
	var list []candidate
	if genuine {
		c := candidate{Mark: m, proof: proofOf(m), userID: ownerOf(m, content), from: from}
		c.proof.Session = true
		list = append(list, c)
	}
	if !sealed {
		return list
	}
	if !genuine || !m.Same(content.Mark) {
		list = append(list, candidate{Mark: content.Mark, proof: proofOf(content.Mark), userID: content.UserID, from: from})
	}
	c := &list[len(list)-1]
	c.sealed, c.proof.Refresh = &content, true
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
	return rotation.Proof{Generation: m.Generation, Branch: m.Branch.Digest(), MintedAt: m.MintedAt}
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

	reason EndReason // ended: why
	echo   string    // asked: the question
	err    error     // unknown: why
}

type outcomeKind byte

const (
	outcomeNobody  outcomeKind = iota // not logged in
	outcomeServed                     // logged in
	outcomeEnded                      // not logged in: the session of these cookies has ended
	outcomeAsked                      // the browser is challenged first
	outcomeUnknown                    // the store or the provider is unavailable
)

func served(rec *Record) authOutcome { return authOutcome{kind: outcomeServed, record: rec} }

func ended(reason EndReason) authOutcome { return authOutcome{kind: outcomeEnded, reason: reason} }

func asked(q rotation.Question, b cookie.Branch) authOutcome {
	return authOutcome{kind: outcomeAsked, echo: echo(q, b)}
}

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
		c.challenge(w, r, o.echo)
		return
	}
	WriteError(w, o.problem(code))
}

// problem says why a request has no login.
func (o *authOutcome) problem(code Code) *Problem {
	if o.kind == outcomeUnknown {
		return unavailable(o.err)
	}
	return &Problem{Code: code, EndReason: o.reason}
}
