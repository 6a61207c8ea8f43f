package pgstore_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/internal/pgtest"
)

// TestRowSize: a session takes no more than 600 bytes beyond the user's JSON.
func TestRowSize(t *testing.T) {
	url := pgtest.Shared(t).Database(t)
	s, rec := open(t, url), session()
	if err := s.Create(t.Context(), rec); err != nil {
		t.Fatal(err)
	}
	user, err := json.Marshal(rec.User)
	if err != nil {
		t.Fatal(err)
	}
	row := query[int](t, url, `SELECT pg_column_size(s) FROM latchkey_sessions.sessions s`)
	t.Logf("a row of %d bytes, %d of them the user's JSON", row, len(user))
	if row-len(user) > 600 {
		t.Errorf("%d bytes beyond the user's JSON", row-len(user))
	}
}

// TestIndexes: no call scans a table of some size, and a Swap writes no index.
func TestIndexes(t *testing.T) {
	url := pgtest.Shared(t).Database(t)
	s := open(t, url)
	fill(t, url, 50_000, 0)
	reads := func(column string) int {
		return query[int](t, url, `SELECT `+column+` FROM pg_stat_user_tables WHERE relname = 'sessions'`)
	}
	before := reads("seq_scan")
	var seen []latchkey.Seen
	for range 50 {
		rec := session()
		seen = append(seen, latchkey.Seen{ID: rec.ID, At: rec.LastSeenAt.Add(time.Minute)})
		if err := s.Create(t.Context(), rec); err != nil {
			t.Fatal(err)
		}
		for range 10 { // often enough for the server to keep a plan
			next := *rec
			next.Version++
			if err := s.Swap(t.Context(), &next); err != nil {
				t.Fatal(err)
			}
			rec = &next
			if _, err := s.Get(t.Context(), rec.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	for i := range 10 {
		if err := s.Touch(t.Context(), seen); err != nil {
			t.Fatal(err)
		}
		if _, err := s.ByUser(t.Context(), "store.example.com", fmt.Sprint("user ", 1000+i), 100); err == nil {
			t.Fatal("a row without a body was read")
		}
		if _, err := s.Unrevoked(t.Context(), "store.example.com", latchkey.ID{}, 100); err != nil {
			t.Fatal(err)
		}
		if n, err := s.Sweep(t.Context(), time.UnixMilli(int64(10*i))); err != nil || n != min(10*i, 10) {
			t.Fatal(n, err)
		}
	}
	if err := s.Close(); err != nil { // a session that ends reports what it counted
		t.Fatal(err)
	}
	eventually(t, "the count", func() bool { return reads("idx_scan") >= 50*20+40 })
	if n := reads("seq_scan") - before; n != 0 {
		t.Errorf("the whole table was read %d times", n)
	}
	updates, hot := reads("n_tup_upd"), reads("n_tup_hot_upd")
	t.Logf("%d of %d updates wrote no index", hot, updates)
	if hot < updates*9/10 {
		t.Errorf("only %d of %d updates wrote no index", hot, updates)
	}
}
