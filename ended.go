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
	now := g.now()
	switch {
	case errors.Is(err, ErrNotFound):
		return "", nil
	case err != nil:
		return "", err
	case rec.ended():
		return rec.EndReason, nil
	case !now.Before(rec.Deadline):
		return EndAbsoluteTimeout, nil
	case !now.Before(rec.RefreshExpiresAt):
		return EndRefreshExpired, nil
	}
	return "", nil
}
