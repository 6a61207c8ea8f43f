package latchkey

import (
	"context"
	"errors"
	"time"
)

// Ended tells why a session is over, or "" where it is not. It is for what outlives its request, a WebSocket for example: it writes nothing
// to the session and does not count as use. A session that the store does not know is not over: its cookies can bring it back.
// An error means that it cannot be known just now.
func (g *Guard) Ended(ctx context.Context, id ID) (EndReason, error) {
	rec, err := g.readRecent(ctx, id)
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

// recentFor is for how long Ended believes what is in memory after the store last vouched for it. Requests come one by one, and may be served longer (freshFor);
// whoever asks for the sessions of all open streams should not add to the time that it takes.
const recentFor = 600 * time.Millisecond

func (g *Guard) readRecent(ctx context.Context, id ID) (*Record, error) {
	if !g.cache.heardWithin(recentFor) {
		return g.read(ctx, id)
	}
	rec, _, err := g.readCached(ctx, id)
	return rec, err
}

// over tells why the session of a record is over, or "" where it is not.
func (g *Guard) over(rec *Record) EndReason {
	now := g.now()
	switch {
	case rec.ended():
		return rec.EndReason
	case g.cutoff.ends(rec.CreatedAt) != "":
		return g.cutoff.ends(rec.CreatedAt)
	case !now.Before(rec.Deadline):
		return EndAbsoluteTimeout
	case !now.Before(rec.RefreshExpiresAt):
		return EndRefreshExpired
	}
	return ""
}
