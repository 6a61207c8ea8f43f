package rotation_test

import (
	"flag"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-dev/latchkey/internal/race"
)

var walks = flag.Int("walks", 60, "random histories in TestGuardAgrees_bound (a second for a dozen)")

// TestGuardAgrees_bound plays random histories of sessions that are bound to keys against real
// Guards: logins, registrations and proofs (right, late, wrong, unanswered), requests with any of
// the cookies that there ever were, a thief's copies, a store that goes back, logouts, changes of
// the mode, clocks that differ, two nodes on one store. What each request comes to, and the record
// after it, must be what the rules of this package say of its cookies; see boundModel.
//
// Three promises are checked beside that, from what the test knows of everybody. A thief without
// the bound cookie is not served after the grace, and one with a copy of it not after its life and
// two minutes (see boundThief). The browser with the key is never signed out (see boundWalk.visit).
// No write takes a key away (see keepingStore).
func TestGuardAgrees_bound(t *testing.T) {
	n := *walks
	if race.Enabled {
		n = min(n, 10)
	}
	seen := make(map[string]int)
	for seed := range uint64(n) {
		synctest.Test(t, func(t *testing.T) {
			w := newBoundWalk(t, rand.New(rand.NewPCG(seed, 1)), seen)
			defer w.close()
			defer func() {
				if t.Failed() {
					t.Logf("seed %d:\n%s", seed, w.tell())
				}
			}()
			for range 150 {
				w.step()
			}
		})
		if t.Failed() {
			return
		}
	}
	t.Log(seen)
	for _, outcome := range []string{
		served, served + renewed, served + cleared, unproven, unprovenYet, again, asked, over, nobodyThere,
		keyProven, keySealed, keyForgotten, keyChallenged, keyRegistered, keyRefused,
	} {
		if seen[outcome] == 0 && n >= 60 {
			t.Errorf("no history has shown: %s", outcome)
		}
	}
}

// step does something at random.
func (w *boundWalk) step() {
	type choice struct {
		weight int
		do     func()
	}
	choices := []choice{
		{20, w.wait}, {20, w.visit}, {6, w.thief.copyJar}, {12, w.thief.use}, {6, w.tryAnyCookies},
		{8, w.postAnyProof}, {2, w.postAnyRegistration}, {2, w.login}, {1, w.logout},
		{2, w.store.keep}, {2, w.goBack}, {2, w.changeMode}, {2, w.stepClock},
	}
	total := 0
	for _, c := range choices {
		total += c.weight
	}
	at := w.random.IntN(total)
	for _, c := range choices {
		if at -= c.weight; at < 0 {
			c.do()
			return
		}
	}
}

func (w *boundWalk) wait() {
	longest := []time.Duration{5 * time.Second, time.Minute, 3 * time.Minute, 6 * time.Minute, 25 * time.Minute}
	d := time.Duration(w.random.Int64N(int64(pick(w, longest)))).Truncate(time.Millisecond)
	w.note("%v pass", d)
	time.Sleep(d)
	synctest.Wait()
}

func pick[T any](w *boundWalk, from []T) T { return from[w.random.IntN(len(from))] }

// maybe is true once in so many times.
func (w *boundWalk) maybe(once int) bool { return w.random.IntN(once) == 0 }
