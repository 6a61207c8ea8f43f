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

// Two that end one session at once, in every order: it ends once, for one reason, and is told once.
func TestEnd_twoAtOnce(t *testing.T) {
	var total atomic.Int64
	t.Cleanup(func() { t.Log(total.Load(), "schedules") })
	for _, name := range []string{"authenticated request", "refresh", "rebuild of a lost record"} {
		for i, first := range enders {
			for _, second := range enders[i:] {
				for node, nodes := range []string{"one node", "two nodes"} {
					t.Run(name+"/"+first.name+" and "+second.name+"/"+nodes, func(t *testing.T) {
						t.Parallel()
						steps := &stepping{}
						onStage(t, steps.front, func(t *testing.T, s *stage) {
							n := schedules(func(plan *schedule) {
								s.endTwice(t, steps, plan, stateNamed(name), [2]ender{first, second}, node)
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
	}
}

func (s *stage) endTwice(t *testing.T, steps *stepping, plan *schedule, st state, enders [2]ender, node int) {
	plan.flights = st.lost && enders[0].name == "theft" && enders[1].name == "theft"
	c, other := s.openFor(st, enders[:]...), s.world.NewBrowser()
	s.login(other)
	s.told()
	var ended [2]bool
	var got [2]*latchkeytest.Response
	var actors [2]*actor
	for i, e := range enders {
		actors[i] = start(i*node, func(ctx context.Context) { ended[i], got[i] = e.send(ctx, s, i*node, c, other) })
	}
	steps.race(t, plan, actors, 20*time.Millisecond, 0)
	synctest.Wait()
	if plan.redundant {
		return
	}
	for _, a := range got {
		if a.Status >= 500 {
			t.Errorf("%d %s", a.Status, a.Body)
		}
	}
	if !ended[0] && !ended[1] {
		if !st.lost {
			t.Errorf("nobody ended it: %d %s, and %d %s", got[0].Status, got[0].Body, got[1].Status, got[1].Body)
		}
		return
	}
	reason := s.reason(c)
	s.wantEnded(t, reason, c.victim)
	if n := s.endings(c.id); n != 1 {
		t.Errorf("the end was told %d times", n)
	}
}

// endings returns how often the end of a session was told.
func (s *stage) endings(id latchkey.ID) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.events {
		if e.Kind == latchkey.EventEnded && e.Session == id {
			n++
		}
	}
	return n
}

// A session is rebuilt for its own user only (REF-14).
func TestREF14_rebuildForAnotherUser(t *testing.T) {
	for _, name := range []string{"rebuild of a lost record", "rebuild of an older record"} {
		t.Run(name, func(t *testing.T) {
			onStage(t, pass, func(t *testing.T, s *stage) {
				c := s.open(stateNamed(name))
				before := s.generation(c)
				s.provider.User = latchkey.User{ID: "bob", Email: "bob@example.com"}
				for range 2 {
					want(t, s.get(t.Context(), 0, c.victim), 401, "login_required", "refresh_refused")
				}
				if after := s.generation(c); after != before {
					t.Errorf("generation %d after %d", after, before)
				}
				if n := s.provider.Alive(); n != 0 {
					t.Error("the other user's token is alive")
				}
			})
		})
	}
}
