package latchkey

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/latchkey-dev/latchkey/internal/flight"
)

// claims keep nodes from refreshing a session at the same time. A claim only saves calls of the
// provider: safety comes from comparing versions on every write.
type claims struct {
	*reporter
	ledger   *ledger
	upstream *upstream
	duration time.Duration // of a claim that is not released
}

// take claims the record for this flight, before it asks the provider. If another flight has the
// claim, take waits for its result.
func (c *claims) take(ctx context.Context, rec *Record) (*Record, error) {
	if c.now().Before(rec.Claim.Until) {
		return nil, c.await(ctx, rec)
	}
	if err := c.upstream.admit(ctx, rec.User.ID); err != nil {
		return nil, err
	}
	next := rec.next()
	rand.Read(next.Claim.Flight[:])
	next.Claim.Until = c.now().Add(c.duration)
	err := c.ledger.Swap(ctx, next)
	if err != nil && !errors.Is(err, ErrConflict) {
		c.release(ctx, next) // it may have taken effect
	}
	return next, err
}

// await returns errJudgeAgain once the record has changed, or the claim on it has expired.
func (c *claims) await(ctx context.Context, claimed *Record) error {
	for wait := 10 * time.Millisecond; c.now().Before(claimed.Claim.Until); wait = min(2*wait, 250*time.Millisecond) {
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return ctx.Err()
		}
		rec, err := c.ledger.Get(ctx, claimed.ID, claimed.User.ID)
		if err != nil {
			return err
		}
		if rec.Claim.Flight != claimed.Claim.Flight {
			break
		}
	}
	return errJudgeAgain
}

// release lets others try. If it fails, the claim expires by itself.
func (c *claims) release(ctx context.Context, rec *Record) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
	defer cancel()
	next := rec.next()
	next.Claim = Claim{}
	if err := c.ledger.Swap(ctx, next); err != nil && !errors.Is(err, ErrConflict) {
		c.log.WarnContext(ctx, "cannot release claim", "app", c.app, "session", rec.ID, "error", err)
	}
}

// reread reads the record again after another write has changed it. It returns errJudgeAgain if the
// claim is gone.
func (c *claims) reread(ctx context.Context, rec *Record) (*Record, error) {
	current, err := c.ledger.Get(ctx, rec.ID, rec.User.ID)
	if err == nil && current.Claim.Flight != rec.Claim.Flight {
		err = errJudgeAgain
	}
	return current, err
}

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
