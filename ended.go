package latchkey

import (
	"context"
	"errors"
)

// Ended tells why a session is over, or "" where it is not. It is for what outlives its request, a WebSocket for example: it writes nothing
// to the session and does not count as use. A session that the store does not know is not over: its cookies can bring it back.
// An error means that it cannot be known just now.
func (g *Guard) Ended(ctx context.Context, id ID) (EndReason, error) {
	rec, _, err := g.readCached(ctx, id)
	if err == nil && g.over(rec) != "" {
		rec, err = g.read(ctx, id) // what is in memory may only tell that it goes on
	}
	switch {
	case errors.Is(err, ErrNotFound):
		return "", nil
	case err != nil:
		return "", err
	}
	return g.over(rec), nil
}

// over tells why the session of a record is over, or "" where it is not.
func (g *Guard) over(rec *Record) EndReason {
	now := g.now()
	switch {
	case rec.ended():
		return rec.EndReason
	case !now.Before(rec.Deadline):
		return EndAbsoluteTimeout
	case !now.Before(rec.RefreshExpiresAt):
		return EndRefreshExpired
	}
	return ""
}
