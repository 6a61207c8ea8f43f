package pgstore_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/internal/pgtest"
	"github.com/latchkey-dev/latchkey/pgstore"
)

// A chain is one session that one goroutine keeps swapping.
type chain struct {
	store *pgstore.Store
	acked atomic.Pointer[latchkey.Record] // the newest whose write returned nil
	moved atomic.Int64                    // how many have
}

// run swaps until ctx is done. If the outcome of a write is unknown, it reads what happened, like a
// Guard.
func (c *chain) run(ctx context.Context, t *testing.T) {
	rec, doubt := c.acked.Load(), false
	for ctx.Err() == nil {
		if doubt {
			got, err := c.store.Get(ctx, rec.ID)
			if err != nil {
				if !cannotSay(err) {
					t.Errorf("Get after an outage: %v", err)
				}
				continue
			}
			if acked := c.acked.Load(); got.Version != acked.Version && got.Version != acked.Version+1 {
				t.Errorf("version %d after %d was acknowledged", got.Version, acked.Version)
			}
			c.acked.Store(got)
			rec, doubt = got, false
		}
		next := *rec
		next.Version++
		err := c.store.Swap(ctx, &next)
		switch {
		case err == nil:
			rec = &next
			c.acked.Store(rec)
			c.moved.Add(1)
		case cannotSay(err):
			doubt = true
		default:
			t.Errorf("Swap to version %d: %v", next.Version, err)
			return
		}
	}
}

// load keeps n sessions moving on each store.
func load(t *testing.T, stores []*pgstore.Store, n int) []*chain {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	var chains []*chain
	for _, s := range stores {
		for range n {
			c := &chain{store: s}
			c.acked.Store(session())
			if err := s.Create(t.Context(), c.acked.Load()); err != nil {
				t.Fatal(err)
			}
			chains = append(chains, c)
		}
	}
	for _, c := range chains {
		all.Go(func() { c.run(ctx, t) })
	}
	t.Cleanup(func() {
		cancel()
		all.Wait()
	})
	return chains
}

// moveOn waits until every chain has moved on, and returns how long that took.
func moveOn(t *testing.T, chains []*chain) time.Duration {
	t.Helper()
	began := time.Now()
	before := make([]int64, len(chains))
	for i, c := range chains {
		before[i] = c.moved.Load()
	}
	eventually(t, "all sessions to move on", func() bool {
		for i, c := range chains {
			if c.moved.Load() < before[i]+5 {
				return false
			}
		}
		return true
	})
	return time.Since(began)
}

// TestOutage stops and kills the server under load. Every error says that the outcome is unknown,
// no acknowledged write is lost, and when the server is back everything recovers by itself, Watch
// included.
func TestOutage(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	url := server.Database(t)
	stores := []*pgstore.Store{open(t, url), open(t, url)}
	chains := load(t, stores, 6)
	w := watch(t, stores[1])
	for _, c := range []struct {
		name string
		end  func(testing.TB)
	}{{"stop", server.Stop}, {"kill", server.Kill}, {"kill again", server.Kill}} {
		moveOn(t, chains)
		at := time.Now()
		c.end(t)
		if after := w.broke(t, at); after > 2*time.Second {
			t.Errorf("%s: Watch ended %v later", c.name, after)
		}
		if _, err := stores[0].Get(t.Context(), session().ID); !cannotSay(err) {
			t.Errorf("%s: Get without a server: %v", c.name, err)
		}
		server.Resume(t)
		t.Logf("%s: all sessions move on %v after the server answers", c.name, moveOn(t, chains))
		w.untilBeat(t)
	}
	rec := session()
	if err := stores[0].Create(t.Context(), rec); err != nil {
		t.Error(err)
	}
	w.untilBeat(t)
	if w.toldOf(rec.ID) == 0 {
		t.Error("Watch does not report a Create after the outages")
	}
}

// TestUntold: a write that took effect but could not be announced is an error, and is announced
// when that is possible again.
func TestUntold(t *testing.T) {
	server := pgtest.Shared(t)
	url := server.Database(t)
	s := open(t, ordinaryOwner(t, server, url))
	w := watch(t, s)
	query[int](t, url, `REVOKE EXECUTE ON FUNCTION pg_notify(text, text) FROM PUBLIC`)
	rec := session()
	if err := s.Create(t.Context(), rec); !cannotSay(err) {
		t.Errorf("a Create that cannot be announced: %v", err)
	}
	if _, err := s.Get(t.Context(), rec.ID); err != nil {
		t.Errorf("%v; want the Create to have taken effect", err)
	}
	w.untilBeat(t)
	if w.toldOf(rec.ID) != 0 {
		t.Error("told of although nobody may tell")
	}
	query[int](t, url, `GRANT EXECUTE ON FUNCTION pg_notify(text, text) TO PUBLIC`)
	eventually(t, "word of the Create", func() bool { return w.toldOf(rec.ID) > 0 })
}

// ordinaryOwner is the URL of a database for a role that owns our schema in it and nothing else.
func ordinaryOwner(t *testing.T, server *pgtest.Server, url string) string {
	t.Helper()
	plain := ordinary(t, server, url)
	query[int](t, url, `CREATE SCHEMA latchkey_sessions AUTHORIZATION plain`)
	return plain
}

// TestLockedRow: a call that waits for another transaction's lock gives up in time, and its write
// does not take effect later.
func TestLockedRow(t *testing.T) {
	t.Parallel()
	url := pgtest.Shared(t).Database(t)
	s, rec := open(t, url), session()
	if err := s.Create(t.Context(), rec); err != nil {
		t.Fatal(err)
	}
	conn := connect(t, url)
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), `SELECT FROM latchkey_sessions.sessions FOR UPDATE`); err != nil {
		t.Fatal(err)
	}
	next := *rec
	next.Version = 2
	began := time.Now()
	if err := s.Swap(t.Context(), &next); !cannotSay(err) {
		t.Errorf("Swap of a locked row: %v", err)
	}
	if took := time.Since(began); took > 4*time.Second+slack {
		t.Errorf("Swap took %v", took)
	}
	eventually(t, "the statement to end", func() bool {
		return query[int](t, url, `SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'`) == 0
	})
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Get(t.Context(), rec.ID); err != nil || got.Version != 1 {
		t.Errorf("version %d, %v", got.Version, err)
	}
}

// TestCallersWhoLeave: a write that has begun is completed if its caller gives up, and its result
// is true.
func TestCallersWhoLeave(t *testing.T) {
	s, rec := open(t, pgtest.Shared(t).Database(t)), session()
	if err := s.Create(t.Context(), rec); err != nil {
		t.Fatal(err)
	}
	for i := range 200 {
		next := *rec
		next.Version++
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Duration(i)*10*time.Microsecond, cancel)
		err := s.Swap(ctx, &next)
		cancel()
		got, getErr := s.Get(t.Context(), rec.ID)
		if getErr != nil {
			t.Fatal(getErr)
		}
		if err == nil && got.Version != next.Version || err != nil && (!errors.Is(err, context.Canceled) || got.Version != rec.Version) {
			t.Fatalf("Swap to %d: %v, and the version is %d", next.Version, err, got.Version)
		}
		rec = got
	}
}
