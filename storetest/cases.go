package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
)

func everyField(t *testing.T, s latchkey.Store) {
	want := record()
	must(t, s.Create(t.Context(), want))
	same(t, s, want)
}

// newer returns the record as a newer program might have written it: with a MAC, a field that may
// be ignored, and one that may not.
func newer(t *testing.T, rec *latchkey.Record) *latchkey.Record {
	t.Helper()
	rec.Binding = &latchkey.Binding{Key: rec.Binding.Key} // the tag of BoundAt comes after that of the MAC
	stored, err := rec.MarshalBinary()
	must(t, err)
	stored = append(append(stored, 42, 21), bytes.Repeat([]byte{7}, 21)...)
	stored = append(stored, 0xe7, 0x07, 3, 0, 0xff, 'x') // tag 999
	stored = append(stored, 0xe8, 0x07, 0)               // tag 1000, which is even
	got := &latchkey.Record{}
	must(t, got.UnmarshalBinary(stored))
	return got
}

func unknownFields(t *testing.T, s latchkey.Store) {
	rec := newer(t, record())
	must(t, s.Create(t.Context(), rec))
	same(t, s, rec)
	got, err := s.Get(t.Context(), rec.ID)
	must(t, err)
	next := *got
	next.Version, next.Generation = 2, 8
	must(t, s.Swap(t.Context(), &next))
	same(t, s, &next)
	later := next
	later.LastSeenAt = next.LastSeenAt.Add(time.Minute)
	must(t, s.Touch(t.Context(), []latchkey.Seen{{ID: rec.ID, At: later.LastSeenAt}}))
	same(t, s, &later)
	list, err := s.ByUser(t.Context(), rec.App, rec.User.ID, 1000)
	must(t, err)
	for _, listed := range list {
		if listed.ID == rec.ID {
			got = listed
		}
	}
	must(t, s.Swap(t.Context(), end(got)))
	same(t, s, end(&later))
}

func createTwice(t *testing.T, s latchkey.Store) {
	first := record()
	must(t, s.Create(t.Context(), first))
	second := *first
	second.App = "forums"
	fails(t, s.Create(t.Context(), &second), latchkey.ErrConflict)
	same(t, s, first)
}

func missing(t *testing.T, s latchkey.Store) {
	rec := record()
	_, err := s.Get(t.Context(), rec.ID)
	fails(t, err, latchkey.ErrNotFound)
	rec.Version = 2
	fails(t, s.Swap(t.Context(), rec), latchkey.ErrNotFound)
}

func swap(t *testing.T, s latchkey.Store) {
	rec := record()
	must(t, s.Create(t.Context(), rec))
	next := *rec
	next.Version, next.Generation, next.Forked = 2, 8, false
	must(t, s.Swap(t.Context(), &next))
	same(t, s, &next)
}

func staleSwap(t *testing.T, s latchkey.Store) {
	rec := record()
	must(t, s.Create(t.Context(), rec))
	for _, version := range []uint64{1, 3, 1 << 40} {
		next := *rec
		next.Version, next.Generation = version, 99
		fails(t, s.Swap(t.Context(), &next), latchkey.ErrConflict)
	}
	same(t, s, rec)
}

func oneWinner(t *testing.T, s latchkey.Store) {
	rec := record()
	must(t, s.Create(t.Context(), rec))
	var wins atomic.Int32
	together(32, func(i int) {
		next := *rec
		next.Version, next.Generation = 2, uint32(100+i)
		switch err := s.Swap(t.Context(), &next); {
		case err == nil:
			wins.Add(1)
		case !errors.Is(err, latchkey.ErrConflict):
			t.Errorf("Swap: %v", err)
		}
	})
	if wins.Load() != 1 {
		t.Errorf("%d of 32 Swaps won", wins.Load())
	}
}

func end(rec *latchkey.Record) *latchkey.Record {
	ended := *rec
	ended.Version++
	ended.EndedAt, ended.EndReason, ended.Unrevoked = start.Add(3*time.Hour), latchkey.EndLogout, true
	return &ended
}

func endedStaysEnded(t *testing.T, s latchkey.Store) {
	rec := record()
	must(t, s.Create(t.Context(), rec))
	ended := end(rec)
	must(t, s.Swap(t.Context(), ended))
	back := *rec
	back.Version = 3
	fails(t, s.Swap(t.Context(), &back), latchkey.ErrConflict)
	same(t, s, ended)
}

// endWinsTheRace ends a session while others write to it: whatever the order, it is ended in the
// end, and stays so.
func endWinsTheRace(t *testing.T, s latchkey.Store) {
	rec := record()
	must(t, s.Create(t.Context(), rec))
	together(33, func(i int) {
		for ended := false; !ended; {
			got, err := s.Get(t.Context(), rec.ID)
			if err != nil {
				t.Errorf("Get: %v", err)
				return
			}
			next := *got
			next.Version++
			if ended = !got.EndedAt.IsZero(); i == 0 && !ended {
				next = *end(got)
			}
			if ended { // one that has not noticed
				next.EndedAt, next.EndReason, next.Unrevoked = time.Time{}, "", false
			}
			switch err := s.Swap(t.Context(), &next); {
			case err != nil && !errors.Is(err, latchkey.ErrConflict):
				t.Errorf("Swap: %v", err)
				return
			case err == nil && ended:
				t.Error("a living record replaced an ended one")
			}
		}
	})
	got, err := s.Get(t.Context(), rec.ID)
	must(t, err)
	if got.EndedAt.IsZero() || got.EndReason != latchkey.EndLogout {
		t.Errorf("the session is still alive: %+v", got)
	}
}

func tombstone(t *testing.T, s latchkey.Store) {
	rec := record()
	must(t, s.Create(t.Context(), rec))
	ended := end(rec)
	must(t, s.Swap(t.Context(), ended))
	revoked := *ended
	revoked.Version, revoked.Unrevoked = 3, false
	must(t, s.Swap(t.Context(), &revoked))
	same(t, s, &revoked)
}

func touch(t *testing.T, s latchkey.Store) {
	rec := record()
	must(t, s.Create(t.Context(), rec))
	later := rec.LastSeenAt.Add(time.Minute)
	must(t, s.Touch(t.Context(), []latchkey.Seen{{ID: rec.ID, At: later}}))
	must(t, s.Touch(t.Context(), []latchkey.Seen{{ID: rec.ID, At: later.Add(-time.Second)}}))
	want := *rec
	want.LastSeenAt = later
	same(t, s, &want)
}

func touchMany(t *testing.T, s latchkey.Store) {
	recs, seen := make([]*latchkey.Record, 1000), make([]latchkey.Seen, 1000)
	for i := range recs {
		recs[i] = record()
		seen[i] = latchkey.Seen{ID: recs[i].ID, At: recs[i].LastSeenAt.Add(time.Duration(i) * time.Second)}
	}
	together(20, func(worker int) {
		for i := worker; i < len(recs); i += 20 {
			if err := s.Create(t.Context(), recs[i]); err != nil {
				t.Errorf("Create: %v", err)
			}
		}
	})
	must(t, s.Touch(t.Context(), seen))
	for _, i := range []int{0, 1, 499, 500, 998, 999} {
		want := *recs[i]
		want.LastSeenAt = seen[i].At
		same(t, s, &want)
	}
}

func touchOthers(t *testing.T, s latchkey.Store) {
	rec, gone := record(), record()
	must(t, s.Create(t.Context(), rec))
	ended := end(rec)
	must(t, s.Swap(t.Context(), ended))
	must(t, s.Touch(t.Context(), []latchkey.Seen{{ID: gone.ID, At: start}, {ID: rec.ID, At: rec.LastSeenAt.Add(time.Hour)}}))
	same(t, s, ended)
	must(t, s.Touch(t.Context(), nil))
}

func swapKeepsLaterUse(t *testing.T, s latchkey.Store) {
	rec := record()
	must(t, s.Create(t.Context(), rec))
	later := rec.LastSeenAt.Add(time.Minute)
	must(t, s.Touch(t.Context(), []latchkey.Seen{{ID: rec.ID, At: later}}))
	next := *rec
	next.Version = 2
	must(t, s.Swap(t.Context(), &next))
	next.LastSeenAt = later
	same(t, s, &next)
	last := next
	last.Version, last.LastSeenAt = 3, later.Add(time.Minute)
	must(t, s.Swap(t.Context(), &last))
	same(t, s, &last)
}

func snapshot(t *testing.T, s latchkey.Store) {
	rec := record()
	must(t, s.Create(t.Context(), rec))
	got, err := s.Get(t.Context(), rec.ID)
	must(t, err)
	must(t, s.Touch(t.Context(), []latchkey.Seen{{ID: rec.ID, At: rec.LastSeenAt.Add(time.Minute)}}))
	must(t, s.Swap(t.Context(), end(rec)))
	for whose, rec := range map[string]*latchkey.Record{"reader": got, "writer": rec} {
		if !rec.LastSeenAt.Equal(start.Add(time.Hour)) || rec.Version != 1 || !rec.EndedAt.IsZero() {
			t.Errorf("the record changed in the hands of its %s: %+v", whose, rec)
		}
	}
}

// oddText: any text is stored byte for byte, and can be searched for.
func oddText(t *testing.T, s latchkey.Store) {
	rec := record()
	rec.App = fmt.Sprintf("名前\x00'; DROP TABLE sessions; -- %x", rec.ID)
	rec.User.ID = "\x00{u}:*\r\n\u2028é"
	rec.User.Email = "Ünï\"\\\u2028@example.com"
	must(t, s.Create(t.Context(), rec))
	same(t, s, rec)
	for user, want := range map[string]int{rec.User.ID: 1, "\x00{u}:*\r\n\u2028e\u0301": 0, rec.User.ID + "\x00": 0} {
		if found, err := s.ByUser(t.Context(), rec.App, user, 10); err != nil || len(found) != want {
			t.Errorf("ByUser of %q: %d records, %v; want %d", user, len(found), err, want)
		}
	}
	must(t, s.Swap(t.Context(), end(rec)))
	if found, err := s.Unrevoked(t.Context(), rec.App, latchkey.ID{}, 10); err != nil || len(found) != 1 {
		t.Errorf("Unrevoked: %d records, %v", len(found), err)
	}
}

// large: a record is as large as the provider's tokens and the user's roles.
func large(t *testing.T, s latchkey.Store) {
	rec := record()
	rec.Device.UserAgent = strings.Repeat("🦊", 2000)
	rec.Token, rec.RefreshToken = bytes.Repeat([]byte{0, 255}, 250_000), bytes.Repeat([]byte{0}, 20_000)
	for i := range 2000 {
		rec.User.Roles = append(rec.User.Roles, fmt.Sprint("role ", i))
	}
	must(t, s.Create(t.Context(), rec))
	same(t, s, rec)
	next := *rec
	next.Version, next.Token = 2, []byte{1}
	must(t, s.Swap(t.Context(), &next))
	same(t, s, &next)
}

func crowd(t *testing.T, s latchkey.Store) {
	rec := record()
	must(t, s.Create(t.Context(), rec))
	var wins atomic.Uint64
	together(100, func(i int) {
		for range 3 {
			got, err := s.Get(t.Context(), rec.ID)
			if err != nil {
				t.Errorf("Get: %v", err)
				return
			}
			next := *got
			next.Version++
			if err := s.Swap(t.Context(), &next); err == nil {
				wins.Add(1)
			} else if !errors.Is(err, latchkey.ErrConflict) {
				t.Errorf("Swap: %v", err)
			}
			if err := s.Touch(t.Context(), []latchkey.Seen{{ID: rec.ID, At: start.Add(time.Duration(i) * time.Second)}}); err != nil {
				t.Errorf("Touch: %v", err)
			}
		}
	})
	got, err := s.Get(t.Context(), rec.ID)
	must(t, err)
	if got.Version != 1+wins.Load() {
		t.Errorf("version %d after %d successful Swaps", got.Version, wins.Load())
	}
}
