package pgstore_test

import (
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/internal/pgtest"
	"github.com/latchkey-dev/latchkey/pgstore"
)

// TestContention: two instances change the same few sessions at the same time, with the server's
// default isolation and with the strictest, where it rolls back conflicting transactions and asks
// for retries.
func TestContention(t *testing.T) {
	for _, isolation := range []string{"read committed", "serializable"} {
		t.Run(isolation, func(t *testing.T) {
			url := pgtest.Shared(t).Database(t)
			query[int](t, url, `DO $$ BEGIN EXECUTE 'ALTER DATABASE ' || current_database() || ' SET default_transaction_isolation = ''`+isolation+`'''; END $$`)
			contend(t, []*pgstore.Store{open(t, url), open(t, url)})
		})
	}
}

func contend(t *testing.T, stores []*pgstore.Store) {
	recs := []*latchkey.Record{session(), session(), session(), session()}
	var seen []latchkey.Seen
	for _, rec := range recs {
		if err := stores[0].Create(t.Context(), rec); err != nil {
			t.Fatal(err)
		}
		seen = append(seen, latchkey.Seen{ID: rec.ID})
	}
	wins, unknown := make([]atomic.Uint64, len(recs)), make([]atomic.Uint64, len(recs))
	together(t, 24, func(i int) error {
		s := stores[i%2]
		for n := range 20 {
			which := (i + n) % len(recs)
			var got *latchkey.Record
			err := insist(func() (err error) { got, err = s.Get(t.Context(), recs[which].ID); return err })
			if err != nil {
				return err
			}
			next := *got
			next.Version++
			switch err := s.Swap(t.Context(), &next); {
			case err == nil:
				wins[which].Add(1)
			case cannotSay(err): // on a busy machine some conflict ten times in a row
				unknown[which].Add(1)
			}
			mine := slices.Clone(seen)
			for j := range mine {
				mine[j].At = recs[j].LastSeenAt.Add(time.Duration(24*n+i) * time.Second)
			}
			if i%3 == 0 {
				slices.Reverse(mine)
			}
			if err := insist(func() error { return s.Touch(t.Context(), mine) }); err != nil {
				return err
			}
		}
		return nil
	})
	for i, rec := range recs {
		got, err := stores[1].Get(t.Context(), rec.ID)
		if err != nil {
			t.Fatal(err)
		}
		if won, most := wins[i].Load(), wins[i].Load()+unknown[i].Load(); got.Version < 1+won || got.Version > 1+most {
			t.Errorf("version %d after %d to %d Swaps", got.Version, won, most)
		}
		if want := rec.LastSeenAt.Add((24*19 + 23) * time.Second).Truncate(time.Millisecond); !got.LastSeenAt.Equal(want) {
			t.Errorf("last seen %v, want %v, the latest of all", got.LastSeenAt, want)
		}
	}
}

// TestTouchesDoNotDeadlock: nodes that have seen the same thousands of sessions, in whatever order,
// do not block one another.
func TestTouchesDoNotDeadlock(t *testing.T) {
	url := pgtest.Shared(t).Database(t)
	stores := []*pgstore.Store{open(t, url), open(t, url)}
	seen := make([]latchkey.Seen, 3000)
	together(t, 30, func(i int) error {
		for j := i; j < len(seen); j += 30 {
			rec := session()
			seen[j] = latchkey.Seen{ID: rec.ID, At: rec.LastSeenAt}
			err := insist(func() error { return stores[0].Create(t.Context(), rec) })
			if err != nil && !errors.Is(err, latchkey.ErrConflict) { // stored by the attempt before, whose response came too late
				return err
			}
		}
		return nil
	})
	together(t, 6, func(i int) error {
		mine := slices.Clone(seen)
		for j := range mine {
			mine[j].At = mine[j].At.Add(time.Duration(i+1) * time.Minute)
		}
		if i%2 == 1 {
			slices.Reverse(mine)
		}
		mine = append(mine, mine[:10]...) // some of them twice
		return insist(func() error { return stores[i%2].Touch(t.Context(), mine) })
	})
	if n := query[int](t, url, `SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()`); n != 0 {
		t.Errorf("%d deadlocks", n)
	}
	got, err := stores[1].Get(t.Context(), seen[0].ID)
	if err != nil || !got.LastSeenAt.Equal(seen[0].At.Add(6*time.Minute).Truncate(time.Millisecond)) {
		t.Errorf("last seen %v, %v", got.LastSeenAt, err)
	}
}

// TestSweepsTogether: several nodes that sweep at the same time remove each row once, batch after
// batch, and leave what must stay.
func TestSweepsTogether(t *testing.T) {
	url := pgtest.Shared(t).Database(t)
	stores := []*pgstore.Store{open(t, url), open(t, url), open(t, url)}
	fill(t, url, 4500, 0)
	rec := session()
	if err := stores[0].Create(t.Context(), rec); err != nil {
		t.Fatal(err)
	}
	var removed atomic.Int64
	together(t, len(stores), func(i int) error {
		n, err := stores[i].Sweep(t.Context(), time.UnixMilli(4000))
		removed.Add(int64(n))
		return err
	})
	n, err := stores[0].Sweep(t.Context(), time.UnixMilli(4000)) // what two had in their hands at the end
	if err != nil || removed.Load()+int64(n) != 4000 {
		t.Errorf("removed %d and %d, %v; want 4000", removed.Load(), n, err)
	}
	if left := query[int](t, url, `SELECT count(*) FROM latchkey_sessions.sessions`); left != 501 {
		t.Errorf("%d rows are left, want 501", left)
	}
}

// fill makes n rows, whose deadlines are 1 to n milliseconds after 1970, with a body of that many
// bytes, which is not a record.
func fill(t testing.TB, url string, n, size int) {
	t.Helper()
	query[int](t, url, `INSERT INTO latchkey_sessions.sessions SELECT gen_random_uuid(), 1, 0, i, i, false, false, 'store.example.com', ('user ' || i)::bytea, convert_to(repeat('x', $2), 'UTF8') FROM generate_series(1, $1) i`, n, size)
	query[int](t, url, `ANALYZE latchkey_sessions.sessions`)
}
