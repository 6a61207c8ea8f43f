package pgstore_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/internal/pgtest"
	"github.com/latchkey-dev/latchkey/pgstore"
)

// A counter counts the statements of calls, and those that notify of writes.
type counter struct{ calls, tellings atomic.Int64 }

func (c *counter) TraceQueryStart(ctx context.Context, _ *pgx.Conn, query pgx.TraceQueryStartData) context.Context {
	if strings.Contains(query.SQL, "AS message") {
		c.tellings.Add(1)
	} else {
		c.calls.Add(1)
	}
	return ctx
}

func (*counter) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// TestStatements: every call is one statement, and so one round trip, whatever its outcome and
// however much it is given. Another statement announces a write, unless it ends a session.
func TestStatements(t *testing.T) {
	var count counter
	s, err := pgstore.OpenTraced(t.Context(), pgtest.Shared(t).Database(t), &count)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var many []latchkey.Seen
	for range 3000 {
		rec := session()
		many = append(many, latchkey.Seen{ID: rec.ID, At: rec.LastSeenAt.Add(time.Minute)})
	}
	rec, gone := session(), session()
	next, again, never, ended := *rec, *rec, *gone, *rec
	next.Version, again.Version, never.Version, ended.Version = 2, 2, 2, 3
	ended.EndedAt = ended.CreatedAt
	many = append(many, latchkey.Seen{ID: rec.ID, At: rec.LastSeenAt.Add(time.Hour)})
	for _, call := range []struct {
		name string
		do   func(context.Context) error
		want error
		told int64
	}{
		{"Create", func(ctx context.Context) error { return s.Create(ctx, rec) }, nil, 1},
		{"Create that conflicts", func(ctx context.Context) error { return s.Create(ctx, rec) }, latchkey.ErrConflict, 0},
		{"Get", func(ctx context.Context) error { _, err := s.Get(ctx, rec.ID); return err }, nil, 0},
		{"Get of nothing", func(ctx context.Context) error { _, err := s.Get(ctx, gone.ID); return err }, latchkey.ErrNotFound, 0},
		{"Swap", func(ctx context.Context) error { return s.Swap(ctx, &next) }, nil, 1},
		{"Swap that conflicts", func(ctx context.Context) error { return s.Swap(ctx, &again) }, latchkey.ErrConflict, 0},
		{"Swap of nothing", func(ctx context.Context) error { return s.Swap(ctx, &never) }, latchkey.ErrNotFound, 0},
		{"Touch of 3001", func(ctx context.Context) error { return s.Touch(ctx, many) }, nil, 0},
		{"ByUser", func(ctx context.Context) error { _, err := s.ByUser(ctx, rec.App, rec.User.ID, 100); return err }, nil, 0},
		{"Unrevoked", func(ctx context.Context) error { _, err := s.Unrevoked(ctx, rec.App, latchkey.ID{}, 100); return err }, nil, 0},
		{"Swap that ends, which tells by itself", func(ctx context.Context) error { return s.Swap(ctx, &ended) }, nil, 0},
		{"Sweep", func(ctx context.Context) error { _, err := s.Sweep(ctx, time.Now()); return err }, nil, 0},
	} {
		calls, tellings := count.calls.Load(), count.tellings.Load()
		if err := call.do(t.Context()); err != call.want {
			t.Errorf("%s: %v, want %v", call.name, err, call.want)
		}
		if n, told := count.calls.Load()-calls, count.tellings.Load()-tellings; n != 1 || told != call.told {
			t.Errorf("%s: %d statements and %d that announce it, want 1 and %d", call.name, n, told, call.told)
		}
	}
	if got, err := s.Get(t.Context(), rec.ID); err != nil || !got.LastSeenAt.Equal(rec.LastSeenAt.Add(time.Hour).Truncate(time.Millisecond)) {
		t.Errorf("touched among many: %v, %v", got, err)
	}
}

// TestMessagesInBatches: everything written while a notification was in flight is announced
// together.
func TestMessagesInBatches(t *testing.T) {
	const writes = 100
	var count counter
	url := pgtest.Shared(t).Database(t)
	s, err := pgstore.OpenTraced(t.Context(), url, &count)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	release := s.HoldWord(t.Context())
	defer release()
	written := make(chan struct{})
	go func() {
		defer close(written)
		together(t, writes, func(int) error { return s.Create(t.Context(), session()) })
	}()
	eventually(t, "the writes", func() bool { return query[int](t, url, `SELECT count(*) FROM latchkey_sessions.sessions`) == writes })
	release()
	<-written
	if n := count.tellings.Load(); n > writes/4 { // what the first round took, nearly all the rest, and those whose answer was on its way
		t.Errorf("word of %d writes was sent in %d statements", writes, n)
	}
}
