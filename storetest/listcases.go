package storetest

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
)

func byUser(t *testing.T, s latchkey.Store) {
	user := fmt.Sprintf("user-%x", record().ID)
	var want []latchkey.ID
	for i := range 5 {
		rec := record()
		rec.User.ID, rec.CreatedAt = user, start.Add(time.Duration(i)*time.Minute)
		must(t, s.Create(t.Context(), rec))
		want = append([]latchkey.ID{rec.ID}, want...)
	}
	other, ended := record(), record()
	other.User.ID, other.App = user, "forums"
	ended.User.ID = user
	must(t, s.Create(t.Context(), other))
	must(t, s.Create(t.Context(), ended))
	must(t, s.Swap(t.Context(), end(ended)))
	for limit, n := range map[int]int{3: 3, 100: 5} {
		found, err := s.ByUser(t.Context(), "store", user, limit)
		must(t, err)
		var got []latchkey.ID
		for _, rec := range found {
			got = append(got, rec.ID)
		}
		if !slices.Equal(got, want[:n]) {
			t.Errorf("limit %d: %v, want %v", limit, got, want[:n])
		}
	}
	if found, err := s.ByUser(t.Context(), "store", user+"x", 100); err != nil || len(found) != 0 {
		t.Errorf("another user: %d records, %v", len(found), err)
	}
}

func unrevoked(t *testing.T, s latchkey.Store) {
	app := fmt.Sprintf("app-%x", record().ID)
	for range 5 {
		rec := record()
		rec.App = app
		must(t, s.Create(t.Context(), rec))
		must(t, s.Swap(t.Context(), end(rec)))
	}
	living := record()
	living.App = app
	must(t, s.Create(t.Context(), living))
	var after latchkey.ID
	for _, want := range []int{2, 2, 1, 0} { // in pages
		found, err := s.Unrevoked(t.Context(), app, after, 2)
		must(t, err)
		if len(found) != want {
			t.Errorf("%d records after %v, want %d", len(found), after, want)
		}
		for _, rec := range found {
			if !rec.Unrevoked || rec.App != app || rec.RefreshTokenID != "r1" || bytes.Compare(rec.ID[:], after[:]) <= 0 {
				t.Errorf("not among the expected: %+v", rec)
			}
			after = rec.ID
		}
	}
	found, err := s.Unrevoked(t.Context(), app+"x", latchkey.ID{}, 100)
	if err != nil || len(found) != 0 {
		t.Errorf("another app: %d records, %v", len(found), err)
	}
}

func sweep(t *testing.T, s latchkey.Store) {
	sweeper, ok := s.(latchkey.Sweeper)
	if !ok {
		t.Log("this store forgets by itself")
		return
	}
	past, pending, living := record(), record(), record()
	now := past.Deadline
	living.Deadline = now.Add(time.Millisecond)
	for _, rec := range []*latchkey.Record{past, pending, living} {
		must(t, s.Create(t.Context(), rec))
	}
	must(t, s.Swap(t.Context(), end(pending)))
	removed, err := sweeper.Sweep(t.Context(), now)
	if err != nil || removed != 1 {
		t.Errorf("Sweep = %d, %v; want 1", removed, err)
	}
	_, err = s.Get(t.Context(), past.ID)
	fails(t, err, latchkey.ErrNotFound)
	same(t, s, end(pending))
	same(t, s, living)
	revoked := *end(pending)
	revoked.Version, revoked.Unrevoked = 3, false
	must(t, s.Swap(t.Context(), &revoked))
	for _, want := range []int{1, 0} {
		if removed, err := sweeper.Sweep(t.Context(), now); err != nil || removed != want {
			t.Errorf("Sweep after the revocation = %d, %v; want %d", removed, err, want)
		}
	}
	found, err := s.ByUser(t.Context(), past.App, past.User.ID, 100)
	must(t, err)
	for _, rec := range found {
		if rec.ID == past.ID {
			t.Error("ByUser lists what was swept")
		}
	}
}
