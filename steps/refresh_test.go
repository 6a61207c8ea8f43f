package steps

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/latchkeytest"
)

// Two requests of one browser that find its session expired, on two nodes, in every order of the
// operations on store and provider: one asks the provider, both are served, one generation begins,
// and the browser goes on with whichever answer arrives last.
func TestRefresh_twoAtOnce(t *testing.T) {
	most := map[string]int{"refresh": 1, "confirmation and refresh": 1, "refresh in place": 1, "rebuild of a lost record": 2, "rebuild of an older record": 2}
	var total atomic.Int64
	t.Cleanup(func() { t.Log(total.Load(), "schedules") })
	for _, st := range states {
		for last, name := range []string{"the first answer arrives last", "the second answer arrives last"} {
			t.Run(st.name+"/"+name, func(t *testing.T) {
				t.Parallel()
				steps := &stepping{}
				onStage(t, steps.front, func(t *testing.T, s *stage) {
					n := schedules(func(plan *schedule) {
						c := s.open(st)
						before := s.generation(c)
						began := time.Now()
						got := s.twoRequests(steps, plan, c, last, 20*time.Millisecond)
						if plan.redundant {
							return
						}
						if waited := time.Since(began); waited > time.Second {
							t.Errorf("somebody waited %v: for a claim that nobody has now?", waited)
						}
						if got[0].Status != 200 || got[1].Status != 200 {
							t.Errorf("%d %s, and %d %s", got[0].Status, got[0].Body, got[1].Status, got[1].Body)
						}
						if minted(got[0]) && minted(got[1]) && !s.record(c).Forked {
							// the one that arrives late would be stale too soon
							t.Error("two branches were minted, and the record has one")
						}
						if n := s.provider.Calls(); n > most[st.name] {
							t.Errorf("%d refreshes, want at most %d", n, most[st.name])
						}
						if after := s.generation(c); st.name == "refresh in place" && after != before || after > before+1 && !st.lost && st.name != "rebuild of an older record" {
							t.Errorf("generation %d after %d", after, before)
						}
						s.goesOn(c)
						if t.Failed() {
							t.Fatalf("in the order %s", plan)
						}
					})
					t.Log(n, "schedules")
					total.Add(int64(n))
				})
			})
		}
	}
}

// A node stands still, longer than its claim lasts: the other goes on without it, and neither
// undoes what the other did.
func TestRefresh_claimRunsOut(t *testing.T) {
	for _, name := range []string{"refresh", "refresh in place"} {
		st := stateNamed(name)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			steps, last := &stepping{}, 0
			onStage(t, steps.front, func(t *testing.T, s *stage) {
				n := schedules(func(plan *schedule) {
					c := s.open(st)
					before := s.generation(c)
					last = 1 - last
					answers := s.twoRequests(steps, plan, c, last, 10*time.Second+time.Millisecond)
					if plan.redundant {
						return
					}
					for _, got := range answers {
						if got.Status != 200 && got.Status != 503 {
							t.Errorf("%d %s", got.Status, got.Body)
						}
					}
					if n := s.provider.Calls(); n > 2 {
						t.Errorf("%d refreshes", n)
					}
					if after := s.generation(c); after > before+1 {
						t.Errorf("generation %d after %d", after, before)
					}
					s.goesOn(c)
					if t.Failed() {
						t.Fatalf("in the order %s", plan)
					}
				})
				t.Log(n, "schedules")
			})
		})
	}
}

// twoRequests sends the browser's cookies to both nodes. Of the answers with cookies the last one
// stays in its jar.
func (s *stage) twoRequests(steps *stepping, plan *schedule, c *scene, last int, nap time.Duration) (got [2]*latchkeytest.Response) {
	tabs := [2]*latchkeytest.Browser{c.victim.Copy(s.nodes[0]), c.victim.Copy(s.nodes[0])}
	var actors [2]*actor
	for i := range actors {
		actors[i] = start(i, func(ctx context.Context) { got[i] = s.get(ctx, i, tabs[i]) })
	}
	steps.race(s.T, plan, actors, nap, 1)
	synctest.Wait()
	for _, i := range []int{1 - last, last} {
		if minted(got[i]) {
			s.receive(c.victim, tabs[i])
		}
	}
	return got
}

// generation is the newest one of the session, 0 where the store does not know it.
func (s *stage) generation(c *scene) uint32 { return s.record(c).Generation }

// record is what the store has of the session, empty where it does not know it.
func (s *stage) record(c *scene) latchkey.Record {
	rec, err := s.store.Get(context.Background(), c.id)
	if err != nil {
		return latchkey.Record{}
	}
	return *rec
}

// goesOn has the browser use the session past everything that the rules do later: confirmation,
// settling, and the next refreshes.
func (s *stage) goesOn(c *scene) {
	s.Helper()
	for _, pause := range []time.Duration{0, 2 * time.Minute, 5 * time.Minute, time.Hour, 2 * time.Minute} {
		time.Sleep(pause)
		got := s.get(s.Context(), 0, c.victim)
		if got.Status != 200 {
			s.Errorf("afterwards: %d %s", got.Status, got.Body)
		}
		if pause == time.Hour && (!minted(got) || s.record(c).Forked) {
			s.Errorf("an hour later: new cookies %v, want one branch of a new generation", minted(got))
		}
	}
	if n := len(s.living()); n != 1 {
		s.Errorf("%d sessions", n)
	}
}
