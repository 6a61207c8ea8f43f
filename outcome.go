package latchkey

import (
	"context"
	"errors"
	"net/http"

	"github.com/latchkey-dev/latchkey/internal/cookie"
	"github.com/latchkey-dev/latchkey/internal/flight"
	"github.com/latchkey-dev/latchkey/internal/rotation"
)

// An authOutcome is what a request's cookies come to.
type authOutcome struct {
	kind    outcomeKind
	record  *Record                                // served
	token   *openedToken                           // served, from a record in memory
	renewal *flight.Flight[candidate, authOutcome] // served, and this flight refreshes the JWT, which has expired
	fresh   func(context.Context) (*Record, error) // served by a guard around this one; see Session
	cookies *cookiePair                            // served, and these are to be set with the response
	reason  EndReason                              // ended: why
	echo    string                                 // asked: the question
	err     error                                  // unknown: why
}

type outcomeKind byte

const (
	outcomeNobody  outcomeKind = iota // nobody is logged in
	outcomeServed                     // somebody is
	outcomeEnded                      // nobody is: the session of these cookies is over
	outcomeAsked                      // the browser must be asked first
	outcomeUnknown                    // it cannot be known
)

func served(rec *Record) authOutcome { return authOutcome{kind: outcomeServed, record: rec} }

func ended(reason EndReason) authOutcome { return authOutcome{kind: outcomeEnded, reason: reason} }

func asked(q rotation.Question, b cookie.Branch) authOutcome {
	return authOutcome{kind: outcomeAsked, echo: echo(q, b)}
}

// errJudgeAgain means that the cookies must be judged again: the session has changed, or a refresh
// has just brought it back to life.
var errJudgeAgain = errors.New("the session has changed, and its cookies must be judged again")

// mustJudgeAgain reports whether err is errJudgeAgain, or a write failed because another was faster.
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
