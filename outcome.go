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
	kind   outcomeKind
	record *Record      // served
	token  *openedToken // served, from a record in memory
	// served; this flight refreshes the expired JWT
	renewal *flight.Flight[candidate, authOutcome]
	fresh   func(context.Context) (*Record, error) // served by a guard around this one; see Session
	// served; set these with the response
	cookies *cookiePair
	reason  EndReason // ended: why
	echo    string    // asked: the question
	err     error     // unknown: why
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
