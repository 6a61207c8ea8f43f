package storetest

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
)

func told(t *testing.T, a, b latchkey.Store) {
	s := watch(t, a, nil)
	for _, writer := range []latchkey.Store{a, b} {
		rec := record()
		must(t, writer.Create(t.Context(), rec))
		s.untilTold(t, rec.ID)
		s.mu.Lock()
		before := s.told[rec.ID]
		s.mu.Unlock()
		must(t, writer.Swap(t.Context(), end(rec)))
		s.until(t, "the Swap", func() bool { return s.told[rec.ID] > before })
	}
}

func toldOfMany(t *testing.T, a, b latchkey.Store) {
	s := watch(t, a, nil)
	ids := make([]latchkey.ID, 2000)
	together(20, func(i int) {
		for j := i; j < len(ids); j += 20 {
			rec := record()
			ids[j] = rec.ID
			if err := []latchkey.Store{a, b}[j%2].Create(t.Context(), rec); err != nil {
				t.Errorf("Create: %v", err)
				return
			}
		}
	})
	s.untilTold(t, ids...)
}

func beats(t *testing.T, a, _ latchkey.Store) {
	const n = 6
	var early, back bool
	began := time.Now()
	var last time.Time
	s := watch(t, a, func(_ *stream, asOf time.Time) {
		early = early || asOf.After(time.Now())
		back = back || asOf.Before(last)
		last = asOf
	})
	s.until(t, "the beats", func() bool { return len(s.beats) >= n })
	took := time.Since(began)
	s.mu.Lock()
	defer s.mu.Unlock()
	if early || back {
		t.Errorf("a heartbeat has a time in the future: %v, or before the last one: %v", early, back)
	}
	if limit := n*500*time.Millisecond + time.Second; took > limit { // one second for a busy machine
		t.Errorf("%d heartbeats took %v, want at most %v", n, took, limit)
	}
}

// stressFor is how long the cases that look for a race run: some heartbeats long.
const stressFor = time.Second

// A returned write is covered by every heartbeat from that time on.
type returned struct {
	id      latchkey.ID
	version uint64
	at      time.Time
}

func toldBeforeBeat(t *testing.T, a, b latchkey.Store) {
	var mu sync.Mutex
	var writes []returned // not covered by a heartbeat yet
	s := watch(t, a, func(s *stream, asOf time.Time) {
		mu.Lock()
		defer mu.Unlock()
		writes = slices.DeleteFunc(writes, func(w returned) bool {
			covered := !w.at.After(asOf)
			if covered && s.told[w.id] == 0 {
				t.Errorf("a heartbeat as of %v after a Create that was not reported", asOf.Sub(w.at))
			}
			return covered
		})
	})
	began := time.Now()
	together(6, func(i int) {
		for time.Since(began) < stressFor {
			rec := record()
			if err := []latchkey.Store{a, b}[i%2].Create(t.Context(), rec); err != nil {
				t.Errorf("Create: %v", err)
				return
			}
			w := returned{rec.ID, 1, time.Now()}
			mu.Lock()
			writes = append(writes, w)
			mu.Unlock()
		}
	})
	s.untilBeat(t)
}

// A cached version was read when the stream had reported its record that often. When it is reported
// again, the version is dropped.
type cached struct {
	version uint64
	told    int
}

// cacheIsNeverStale reads into a cache like a Guard, while others swap. At each heartbeat the
// cached version was current at the time given, or is newer.
func cacheIsNeverStale(t *testing.T, a, b latchkey.Store) {
	recs := make([]*latchkey.Record, 8)
	for i := range recs {
		recs[i] = record()
		must(t, a.Create(t.Context(), recs[i]))
	}
	cache := map[latchkey.ID]cached{}   // guarded by s.mu, as all three are
	current := map[latchkey.ID]uint64{} // the newest version at the last heartbeat
	var swaps []returned                // since then
	s := watch(t, a, func(s *stream, asOf time.Time) {
		swaps = slices.DeleteFunc(swaps, func(w returned) bool {
			covered := !w.at.After(asOf)
			if covered {
				current[w.id] = w.version
			}
			return covered
		})
		for id, c := range cache {
			if c.told == s.told[id] && c.version < current[id] {
				t.Errorf("version %d is cached at a heartbeat that covers the Swap to version %d", c.version, current[id])
				delete(cache, id)
			}
		}
	})
	read := func(id latchkey.ID) {
		s.mu.Lock()
		told := s.told[id]
		s.mu.Unlock()
		if rec, err := a.Get(t.Context(), id); err != nil {
			t.Errorf("Get: %v", err)
		} else {
			s.mu.Lock()
			cache[id] = cached{rec.Version, told}
			s.mu.Unlock()
		}
	}
	began := time.Now()
	together(2*len(recs), func(i int) {
		rec := *recs[i/2]
		for time.Since(began) < stressFor {
			if i%2 == 0 {
				read(rec.ID)
				continue
			}
			next := rec
			next.Version++
			if err := []latchkey.Store{a, b}[i/2%2].Swap(t.Context(), &next); err != nil {
				t.Errorf("Swap: %v", err)
				return
			}
			rec = next
			w := returned{rec.ID, rec.Version, time.Now()}
			s.mu.Lock()
			swaps = append(swaps, w)
			s.mu.Unlock()
		}
	})
	s.untilBeat(t)
}

func several(t *testing.T, a, b latchkey.Store) {
	streams := []*stream{watch(t, a, nil), watch(t, a, nil), watch(t, b, nil)}
	for _, writer := range []latchkey.Store{a, b} {
		rec := record()
		must(t, writer.Create(t.Context(), rec))
		for _, s := range streams {
			s.untilTold(t, rec.ID)
		}
	}
	streams[0].stop(t)
	rec := record()
	must(t, a.Create(t.Context(), rec))
	streams[1].untilTold(t, rec.ID)
	streams[2].untilTold(t, rec.ID)
}

func ends(t *testing.T, a, _ latchkey.Store) {
	s := watch(t, a, nil)
	s.stop(t)
	must(t, a.Create(t.Context(), record())) // call reports the calls from now on
	again := watch(t, a, nil)
	rec := record()
	must(t, a.Create(t.Context(), rec))
	again.untilTold(t, rec.ID)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := a.(latchkey.Watcher).Watch(ctx, func(latchkey.ID) {}, func(time.Time) {}); err == nil {
		t.Error("Watch of a cancelled context returned nil")
	}
}
