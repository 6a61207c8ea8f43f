package redisstore

import (
	"crypto/rand"
	"fmt"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/internal/redistest"
)

func openOne(t *testing.T) (*Store, *redistest.Server) {
	t.Helper()
	server := redistest.Start(t)
	s, err := Open(t.Context(), server.URL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, server
}

func record(user string, age time.Duration) *latchkey.Record {
	now := time.Now().Truncate(time.Millisecond)
	rec := &latchkey.Record{Version: 1, App: "store", User: latchkey.User{ID: user}, RefreshTokenID: "r", CreatedAt: now.Add(-age), LastSeenAt: now, Deadline: now.Add(24 * time.Hour)}
	rand.Read(rec.ID[:])
	return rec
}

func end(rec *latchkey.Record) *latchkey.Record {
	tombstone := *rec
	tombstone.Version++
	tombstone.EndedAt, tombstone.Unrevoked = time.Now(), true
	return &tombstone
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// entries counts what is in a list.
func entries(t *testing.T, s *Store, key string) int {
	t.Helper()
	n, err := s.client.Do(t.Context(), s.client.B().Zcard().Key(key).Build()).AsInt64()
	must(t, err)
	return int(n)
}

// TestDiesBetweenTwoWrites announces what is never written, like a process that dies in between.
func TestDiesBetweenTwoWrites(t *testing.T) {
	s, _ := openOne(t)
	living := record("ada", time.Minute)
	must(t, s.Create(t.Context(), living))
	for i := range 3 * spare { // younger than the living one, so that it comes after them all
		must(t, s.announce(t.Context(), record("ada", time.Duration(i)*time.Second)))
	}
	got, err := s.ByUser(t.Context(), "store", "ada", 1)
	if err != nil || len(got) != 1 || got[0].ID != living.ID {
		t.Errorf("ByUser: %v, %v", got, err)
	}
	if n := entries(t, s, userKey("store", "ada")); n != 3*spare+1 {
		t.Errorf("%d entries: one was removed whose record may still be on its way", n)
	}

	must(t, s.announce(t.Context(), end(living)))
	if pending, err := s.Unrevoked(t.Context(), "store", latchkey.ID{}, 10); err != nil || len(pending) != 0 {
		t.Errorf("Unrevoked: %v, %v", pending, err)
	}
	if got, err := s.ByUser(t.Context(), "store", "ada", 1); err != nil || len(got) != 1 {
		t.Errorf("ByUser after an announcement of the end alone: %v, %v", got, err)
	}
	must(t, s.Swap(t.Context(), end(living)))
	if pending, err := s.Unrevoked(t.Context(), "store", latchkey.ID{}, 10); err != nil || len(pending) != 1 || pending[0].ID != living.ID {
		t.Errorf("Unrevoked: %v, %v", pending, err)
	}
}

// TestOldEntriesAreForgotten has entries whose time is more than an hour past, and that match no
// record.
func TestOldEntriesAreForgotten(t *testing.T) {
	s, _ := openOne(t)
	key := userKey("store", "ada")
	old := func() {
		rec := record("ada", 50*time.Hour)
		rec.Deadline = time.Now().Add(-2 * time.Hour)
		must(t, s.announce(t.Context(), rec))
	}
	old()
	if _, err := s.ByUser(t.Context(), "store", "ada", 10); err != nil || entries(t, s, key) != 0 {
		t.Errorf("ByUser leaves %d entries, %v", entries(t, s, key), err)
	}
	for range 20 {
		old()
	}
	for range 5 { // a login removes some too, because some users never open the list
		must(t, s.Create(t.Context(), record("ada", 0)))
	}
	if n := entries(t, s, key); n != 5 {
		t.Errorf("%d entries after five logins", n)
	}

	rec := record("ada", 0)
	must(t, s.Create(t.Context(), rec))
	shard := pendingKey("store", pendingShard(rec.ID))
	must(t, s.client.Do(t.Context(), s.client.B().Zadd().Key(shard).ScoreMember().ScoreMember(0, string(rec.ID[:])+"\x00\x00\x00\x01").Build()).Error())
	if pending, err := s.Unrevoked(t.Context(), "store", latchkey.ID{}, 10); err != nil || len(pending) != 0 || entries(t, s, shard) != 0 {
		t.Errorf("Unrevoked: %v, %v, and %d entries", pending, err, entries(t, s, shard))
	}
}

// TestLostShard loses a list and nothing else, as a cluster may.
func TestLostShard(t *testing.T) {
	s, server := openOne(t)
	rec := record("ada", 0)
	must(t, s.Create(t.Context(), rec))
	server.Command(t, "DEL", userKey("store", "ada"))
	for range healEvery {
		next := *rec
		next.Version++
		must(t, s.Swap(t.Context(), &next))
		rec = &next
	}
	redistest.Until(t, "the session is listed again", func() bool {
		got, err := s.ByUser(t.Context(), "store", "ada", 10)
		return err == nil && len(got) == 1
	})
}

// TestListIsKeptAsLongAsItsSessions and two hours longer.
func TestListIsKeptAsLongAsItsSessions(t *testing.T) {
	s, _ := openOne(t)
	key := userKey("store", "ada")
	for _, c := range []struct{ deadline, want time.Duration }{
		{10 * time.Hour, 12 * time.Hour}, {5 * time.Hour, 12 * time.Hour}, {20 * time.Hour, 22 * time.Hour}, {-5 * time.Hour, 22 * time.Hour}, {0, 0}, {10 * time.Hour, 0},
	} {
		rec := record("ada", 0)
		if rec.Deadline = time.Now().Add(c.deadline); c.deadline == 0 {
			rec.Deadline = time.Time{}
		}
		must(t, s.Create(t.Context(), rec))
		left, err := s.client.Do(t.Context(), s.client.B().Pttl().Key(key).Build()).AsInt64()
		must(t, err)
		if left := time.Duration(left) * time.Millisecond; (left - c.want).Abs() > time.Minute {
			t.Errorf("after a session of %v the list is kept for %v, want %v", c.deadline, left, c.want)
		}
	}
}

// TestUnrevokedPages has more stale entries than a page, in every shard, and finds all
// pending revocations, in their order.
func TestUnrevokedPages(t *testing.T) {
	s, _ := openOne(t)
	want := make(map[latchkey.ID]bool)
	for i := range 300 {
		rec := record(fmt.Sprint("u", i), 0)
		must(t, s.Create(t.Context(), rec))
		must(t, s.announce(t.Context(), end(rec)))
		if i%10 == 0 {
			must(t, s.announce(t.Context(), end(rec)))
			must(t, s.Swap(t.Context(), end(rec)))
			want[rec.ID] = true
		}
	}
	var after latchkey.ID
	for {
		page, err := s.Unrevoked(t.Context(), "store", after, 7)
		must(t, err)
		for _, rec := range page {
			if !want[rec.ID] || string(rec.ID[:]) <= string(after[:]) {
				t.Fatalf("%v after %v", rec.ID, after)
			}
			delete(want, rec.ID)
			after = rec.ID
		}
		if len(page) < 7 {
			break
		}
	}
	if len(want) != 0 {
		t.Errorf("%d were not found", len(want))
	}
}

// TestListsEmptyThemselves ends and revokes sessions: nothing is left of their entries.
func TestListsEmptyThemselves(t *testing.T) {
	s, server := openOne(t)
	for range 20 {
		rec := record("ada", 0)
		must(t, s.Create(t.Context(), rec))
		tombstone := end(rec)
		must(t, s.Swap(t.Context(), tombstone))
		done := *tombstone
		done.Version++
		done.Unrevoked = false
		must(t, s.Swap(t.Context(), &done))
	}
	if keys := server.Command(t, "KEYS", "lk1:[ur]:*"); keys != "" {
		t.Errorf("left: %s", keys)
	}
}
