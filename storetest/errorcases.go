package storetest

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
)

func cancelled(t *testing.T, s latchkey.Store) {
	rec := record()
	must(t, s.Create(t.Context(), rec))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	cannotSay(t, ctx, s, rec)
	same(t, s, rec)
}

func closed(t *testing.T, s latchkey.Store) {
	closer, ok := s.(io.Closer)
	if !ok {
		t.Log("this store cannot be closed")
		return
	}
	rec := record()
	must(t, s.Create(t.Context(), rec))
	must(t, closer.Close())
	cannotSay(t, t.Context(), s, rec)
}

// cannotSay makes every call, and expects errors that are neither ErrNotFound nor ErrConflict.
func cannotSay(t *testing.T, ctx context.Context, s latchkey.Store, rec *latchkey.Record) {
	next := *rec
	next.Version = 2
	_, getErr := s.Get(ctx, rec.ID)
	_, listErr := s.Unrevoked(ctx, "store", latchkey.ID{}, 1)
	_, byUserErr := s.ByUser(ctx, "store", "u1", 1)
	for name, err := range map[string]error{
		"Create": s.Create(ctx, record()), "Get": getErr, "Swap": s.Swap(ctx, &next), "Unrevoked": listErr, "ByUser": byUserErr,
		"Touch": s.Touch(ctx, []latchkey.Seen{{ID: rec.ID, At: rec.LastSeenAt.Add(time.Hour)}}),
	} {
		if err == nil || errors.Is(err, latchkey.ErrNotFound) || errors.Is(err, latchkey.ErrConflict) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
