package steps

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/latchkeytest"
)

// Two come to two nodes with different cookies of a session that has expired: one with the newest,
// one with those before, which nobody confirmed as past. While one of them refreshes, the other
// confirms the generation and so changes the record under its hands. Both are served, or it is
// theft: a browser does not send its old cookies an hour after it got the new ones. A provider that
// refuses ends the session once, and nobody waits for a claim.
func TestTabs_predecessorAndBranch(t *testing.T) {
	for _, name := range []string{"granted", "refused"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			steps := &stepping{}
			onStage(t, steps.front, func(t *testing.T, s *stage) {
				n := schedules(func(plan *schedule) {
					s.provider.Refuses = false
					s.predecessorAndBranch(t, steps, plan, name == "refused")
					if t.Failed() {
						t.Fatalf("in the order %s", plan)
					}
				})
				t.Log(n, "schedules")
			})
		})
	}
}

func (s *stage) predecessorAndBranch(t *testing.T, steps *stepping, plan *schedule, refuses bool) {
	c := s.open(stateNamed("refresh"))
	tabs := [2]*latchkeytest.Browser{c.victim.Copy(s.nodes[0]), c.victim}
	s.mustServe(tabs[1]) // the other keeps the predecessor
	time.Sleep(time.Hour)
	before := s.generation(c)
	s.provider.Calls()
	s.provider.Refuses = refuses
	var got [2]*latchkeytest.Response
	var actors [2]*actor
	for i := range actors {
		actors[i] = start(i, func(ctx context.Context) { got[i] = s.get(ctx, i, tabs[i]) })
	}
	began := time.Now()
	steps.race(t, plan, actors, 20*time.Millisecond, 0)
	synctest.Wait()
	if plan.redundant {
		return
	}
	if waited := time.Since(began); waited > time.Second {
		t.Errorf("somebody waited %v", waited)
	}
	if n := s.provider.Calls(); n > 2 {
		t.Errorf("%d refreshes", n)
	}
	if got[0].Status == 401 || got[1].Status == 401 {
		reason := s.reason(c)
		if reason != latchkey.EndReuseDetected && !(refuses && reason == latchkey.EndRefreshRefused) {
			t.Errorf("ended with %s", reason)
		}
		s.wantEnded(t, reason, tabs[0])
		s.wantEnded(t, reason, tabs[1])
		return
	}
	if refuses || got[0].Status != 200 || got[1].Status != 200 {
		t.Errorf("%d %s, and %d %s", got[0].Status, got[0].Body, got[1].Status, got[1].Body)
	}
	if after := s.generation(c); after > before+1 {
		t.Errorf("generation %d after %d", after, before)
	}
	if minted(got[0]) && !minted(got[1]) {
		s.receive(c.victim, tabs[0])
	}
	s.goesOn(c)
}
