package latchkey

import (
	"context"

	"github.com/latchkey-dev/latchkey/internal/flight"
)

// flights make concurrent requests of one session share one refresh.
type flights struct {
	flight.Group[ID, candidate, authOutcome]
}

// do joins the flight of the session, or starts one with run. Only the request that started the
// flight gets the new cookies; otherwise a thief could join every refresh and never be noticed.
// Joiners with the same cookie are served without new ones. The others share a failure; else their
// cookies are judged again.
func (f *flights) do(ctx context.Context, p candidate, run func() (authOutcome, error)) (authOutcome, error) {
	joined, shared := f.Begin(p.ID, p, run)
	found, err := joined.Wait(ctx)
	if starter := joined.Starter(); err == nil && !starter.Same(p.Mark) {
		return authOutcome{}, errJudgeAgain
	}
	if shared {
		found.cookies = nil
	}
	return found, err
}
