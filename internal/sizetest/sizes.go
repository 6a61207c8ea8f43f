// Package sizetest measures stores with many sessions: the space that a session takes, and whether
// calls become slower. It is for tests.
package sizetest

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
)

var rows = flag.Int("sizes.rows", 20_000, "number of sessions in the store at the end")

// calls is how often each call is made at each size.
const calls = 2000

// A Subject is a store with what its interface lacks.
type Subject struct {
	Store latchkey.Store

	// Fill stores sessions, from Session(from) to before Session(to), in the fastest way possible.
	Fill func(t *testing.T, from, to int)

	// Bytes is the space that the store takes for all of its sessions, including indexes.
	Bytes func(t *testing.T) int64
}

// Measure fills a store in three steps, measures its calls at each, and sweeps it. It fails if a
// session takes more than 600 bytes beyond its user and its tokens.
func Measure(t *testing.T, s Subject) {
	empty, filled, each := s.Bytes(t), 0, 0.0
	for step, size := range []int{*rows / 1000, *rows / 10, *rows} {
		began := time.Now()
		s.Fill(t, filled, size)
		t.Logf("%d sessions, %d of them stored in %v", size, size-filled, time.Since(began).Round(time.Millisecond))
		each = float64(s.Bytes(t)-empty) / float64(size+calls*step)
		filled = size
		latencies(t, s.Store, size)
	}
	beyond := each - float64(Beside(Session(0)))
	t.Logf("%.0f bytes a session, with all indexes, before any was changed; %.0f of them beyond the user's JSON and the tokens", each, beyond)
	sweep(t, s.Store, filled)
}

// latencies makes each call in turn, for sessions picked at random.
func latencies(t *testing.T, store latchkey.Store, size int) {
	ctx, took := t.Context(), map[string][]time.Duration{}
	timed := func(name string, call func() error) {
		began := time.Now()
		err := call()
		took[name] = append(took[name], time.Since(began))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	for i := range calls {
		var rec *latchkey.Record
		timed("Get", func() (err error) { rec, err = store.Get(ctx, ID(rand.N(size))); return err })
		next := *rec
		next.Version++
		timed("Swap", func() error { return store.Swap(ctx, &next) })
		timed("ByUser", func() error { _, err := store.ByUser(ctx, rec.App, rec.User.ID, 100); return err })
		fresh := Session(1)
		fresh.ID = latchkey.ID{15: byte(i), 14: byte(i >> 8), 13: 1, 12: byte(size >> 24), 11: byte(size >> 16), 10: byte(size >> 8)}
		timed("Create", func() error { return store.Create(ctx, fresh) })
		if i%100 != 0 {
			continue
		}
		seen := make([]latchkey.Seen, 100)
		for i := range seen {
			seen[i] = latchkey.Seen{ID: ID(rand.N(size)), At: time.Now().Add(time.Hour)}
		}
		timed("Touch of 100", func() error { return store.Touch(ctx, seen) })
		timed("Unrevoked", func() error { _, err := store.Unrevoked(ctx, rec.App, latchkey.ID{}, 100); return err })
	}
	var line []string
	for _, name := range []string{"Get", "Swap", "Create", "ByUser", "Touch of 100", "Unrevoked"} {
		slices.Sort(took[name])
		line = append(line, fmt.Sprintf("%s %s/%s", name, short(took[name][len(took[name])/2]), short(took[name][len(took[name])*99/100])))
	}
	t.Logf("p50/p99: %s", strings.Join(line, ", "))
}

func short(d time.Duration) time.Duration { return d.Round(max(time.Microsecond, d/100)) }

// sweep ends one session in a hundred, and removes them while others read.
func sweep(t *testing.T, store latchkey.Store, size int) {
	sweeper, ok := store.(latchkey.Sweeper)
	if !ok {
		t.Log("the store forgets by itself")
		return
	}
	began := time.Now()
	if n, err := sweeper.Sweep(t.Context(), epoch); err != nil || n != 0 {
		t.Fatalf("a sweep of nothing: %d, %v", n, err)
	}
	idle := time.Since(began)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	took := make(chan []time.Duration)
	go func() {
		var all []time.Duration
		for ctx.Err() == nil {
			began := time.Now()
			if _, err := store.Get(t.Context(), ID(lasting(rand.N(size)))); err != nil {
				t.Errorf("Get during a sweep: %v", err)
			}
			all = append(all, time.Since(began))
			time.Sleep(time.Millisecond)
		}
		slices.Sort(all)
		took <- all
	}()
	began = time.Now()
	n, err := sweeper.Sweep(t.Context(), epoch.Add(shortLived))
	whole := time.Since(began)
	stop()
	gets := <-took
	if err != nil || n < size/100 {
		t.Fatalf("swept %d of %d, %v", n, size, err)
	}
	t.Logf("a sweep that finds nothing: %v; of %d: %v, %v each; Get meanwhile, p50/p99: %v/%v", short(idle), n, short(whole), short(whole/time.Duration(n)),
		short(gets[len(gets)/2]), short(gets[len(gets)*99/100]))
}
