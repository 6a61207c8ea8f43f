// Package storetest is the contract of latchkey.Store as a suite. The test of a store is one call of Run.
package storetest

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
)

// Run checks a store against the contract. open returns a store, empty or not, that no other test uses; it registers its own clean-up.
func Run(t *testing.T, open func(*testing.T) latchkey.Store) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Cleanup(func() {
				if t.Failed() {
					t.Logf("contract: %s", c.contract)
				}
			})
			c.check(t, open(t))
		})
	}
}

var cases = []struct {
	name     string
	contract string
	check    func(*testing.T, latchkey.Store)
}{
	{"every field", "Get returns the record that was created.", everyField},
	{"create twice", "Create fails with ErrConflict where the id exists.", createTwice},
	{"missing", "Get and Swap fail with ErrNotFound where there is no such id.", missing},
	{"swap", "Swap puts next in place of the record if the stored version is next.Version-1.", swap},
	{"stale swap", "Swap fails with ErrConflict from any other version and changes nothing.", staleSwap},
	{"one winner", "Of many Swaps from one version exactly one succeeds.", oneWinner},
	{"ended stays ended", "An ended record stays ended: a living one in its place is refused with ErrConflict.", endedStaysEnded},
	{"tombstone", "A Swap of an ended record by another ended one is a Swap like any other.", tombstone},
	{"touch", "Touch moves LastSeenAt forward, never back, and leaves the version alone.", touch},
	{"touch others", "Touch passes over ids that are not there, or ended.", touchOthers},
	{"swap keeps the later use", "Swap leaves LastSeenAt where it is later than that of next.", swapKeepsLaterUse},
	{"snapshot", "Records returned by a store do not change afterwards.", snapshot},
	{"by user", "ByUser returns at most limit records of the user in the app that have not ended, the newest CreatedAt first.", byUser},
	{"unrevoked", "Unrevoked returns at most limit ended records of the app with Unrevoked set, in the order of their ids, from the first after the one given.", unrevoked},
	{"sweep", "Sweep removes records whose Deadline has passed and that need no revocation any more.", sweep},
	{"odd text", "Text is kept to the byte, whatever it is.", oddText},
	{"cancelled", "A cancelled context is an error other than ErrNotFound and ErrConflict, and changes nothing.", cancelled},
	{"crowd", "All methods may be called by many goroutines.", crowd},
}

var start = time.UnixMilli(1_790_000_000_123).UTC()

// record returns a record with every field set.
func record() *latchkey.Record {
	r := &latchkey.Record{
		Version: 1, App: "store",
		User:  latchkey.User{ID: "u1", Email: "ada@example.com", EmailVerified: true, FirstName: "Ada", Roles: []string{"reader", "writer"}},
		Token: []byte{1, 0, 2}, TokenExpiresAt: start.Add(time.Minute),
		RefreshToken: []byte{3, 0, 4}, RefreshTokenID: "r1",
		Generation: 7, Unminted: true, Forked: true, Rebuilt: true, ConfirmedAt: start.Add(time.Second), Settled: latchkey.Digest{2}, Parent: latchkey.Digest{3},
		Claim: latchkey.Claim{Flight: [16]byte{9}, Until: start.Add(2 * time.Second)}, Persistent: true,
		Device:    latchkey.Device{UserAgent: "Firefox", IP: "203.0.113.7", PublicKey: []byte{5, 6}},
		CreatedAt: start, LastSeenAt: start.Add(time.Hour), ExpiresAt: start.Add(2 * time.Hour),
		RefreshExpiresAt: start.Add(24 * time.Hour), Deadline: start.Add(90 * 24 * time.Hour),
	}
	rand.Read(r.ID[:])
	return r
}

func everyField(t *testing.T, s latchkey.Store) {
	want := record()
	must(t, s.Create(t.Context(), want))
	same(t, s, want)
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
}

func snapshot(t *testing.T, s latchkey.Store) {
	rec := record()
	must(t, s.Create(t.Context(), rec))
	got, err := s.Get(t.Context(), rec.ID)
	must(t, err)
	must(t, s.Touch(t.Context(), []latchkey.Seen{{ID: rec.ID, At: rec.LastSeenAt.Add(time.Minute)}}))
	must(t, s.Swap(t.Context(), end(rec)))
	if !got.LastSeenAt.Equal(rec.LastSeenAt) || got.Version != 1 || !got.EndedAt.IsZero() {
		t.Errorf("the record changed in the hands of its reader: %+v", got)
	}
}

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
				t.Errorf("not one that was asked for: %+v", rec)
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
}

func oddText(t *testing.T, s latchkey.Store) {
	rec := record()
	rec.App = "名前\x00'; DROP TABLE sessions; --"
	rec.User.Email = "Ünï\"\\\u2028@example.com"
	rec.Device.UserAgent = strings.Repeat("🦊", 2000)
	rec.RefreshToken = bytes.Repeat([]byte{0}, 20_000)
	must(t, s.Create(t.Context(), rec))
	same(t, s, rec)
}

func cancelled(t *testing.T, s latchkey.Store) {
	rec := record()
	must(t, s.Create(t.Context(), rec))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
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
	same(t, s, rec)
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

func together(n int, do func(int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { do(i) })
	}
	all.Wait()
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func fails(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
}

// same compares the stored record with want, by the stored form, which has every field.
func same(t *testing.T, s latchkey.Store, want *latchkey.Record) {
	t.Helper()
	got, err := s.Get(t.Context(), want.ID)
	must(t, err)
	gotBytes, err := got.MarshalBinary()
	must(t, err)
	wantBytes, err := want.MarshalBinary()
	must(t, err)
	if !bytes.Equal(gotBytes, wantBytes) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}
