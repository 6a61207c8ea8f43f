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

// An ender ends the session of a scene, and says whether it was told that it did.
type ender struct {
	name string
	send func(ctx context.Context, s *stage, node int, c *scene, other *latchkeytest.Browser) (ended bool, got *latchkeytest.Response)
}

var enders = []ender{
	{"logout", func(ctx context.Context, s *stage, node int, c *scene, _ *latchkeytest.Browser) (bool, *latchkeytest.Response) {
		got := s.send(ctx, node, c.victim.Copy(s.nodes[0]), "POST", "/api/logout", "")
		return got.Status == 204, got
	}},
	{"end from the list", func(ctx context.Context, s *stage, node int, c *scene, other *latchkeytest.Browser) (bool, *latchkeytest.Response) {
		got := s.send(ctx, node, other, "DELETE", "/api/sessions/"+c.id.String(), "")
		return got.Status == 204, got
	}},
	{"theft", func(ctx context.Context, s *stage, node int, c *scene, _ *latchkeytest.Browser) (bool, *latchkeytest.Response) {
		got := s.get(ctx, node, c.thief.Copy(s.nodes[0]))
		return got.Status == 401 && got.EndReason == string(latchkey.EndReuseDetected), got
	}},
	{"login", func(ctx context.Context, s *stage, node int, c *scene, _ *latchkeytest.Browser) (bool, *latchkeytest.Response) {
		got := s.send(ctx, node, c.victim.Copy(s.nodes[0]), "POST", "/api/login", credentials)
		return got.Status == 200, got
	}},
}

// Revocation wins, whatever is in flight, in every order of the operations on store and provider
// (SES-07).
func TestRevocation_wins(t *testing.T) {
	var total atomic.Int64
	t.Cleanup(func() { t.Log(total.Load(), "schedules") })
	for _, st := range states {
		for _, e := range enders {
			for node, nodes := range []string{"one node", "two nodes"} {
				t.Run(st.name+"/"+e.name+"/"+nodes, func(t *testing.T) {
					t.Parallel()
					steps := &stepping{}
					onStage(t, steps.front, func(t *testing.T, s *stage) {
						n := schedules(func(plan *schedule) {
							s.endDuringRequest(t, steps, plan, st, e, node)
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

// A token that the provider grants while its session ends is revoked, though its id is not the one
// that the end knows.
func TestRevocation_ofALateToken(t *testing.T) {
	for _, name := range []string{"refresh", "confirmation and refresh", "refresh in place", "rebuild of a lost record"} {
		for node, nodes := range []string{"one node", "two nodes"} {
			t.Run(name+"/"+nodes, func(t *testing.T) {
				t.Parallel()
				steps := &stepping{}
				onStage(t, steps.front, func(t *testing.T, s *stage) {
					s.provider.Renames = true
					schedules(func(plan *schedule) {
						s.endDuringRequest(t, steps, plan, stateNamed(name), enders[0], node)
						if t.Failed() {
							t.Fatalf("in the order %s", plan)
						}
					})
				})
			})
		}
	}
}

func (s *stage) endDuringRequest(t *testing.T, steps *stepping, plan *schedule, st state, e ender, node int) {
	plan.flights = st.lost && e.name == "theft"
	c, other := s.openFor(st, e), s.world.NewBrowser()
	s.login(other)
	alive := s.provider.Alive()
	var ended bool
	var end, got *latchkeytest.Response
	after := c.victim.Copy(s.nodes[0])
	steps.race(t, plan, [2]*actor{
		start(0, func(ctx context.Context) {
			ended, end = e.send(ctx, s, 0, c, other)
			if ended { // a request from now on is late, whatever is still in flight
				s.wantEnded(t, "", c.victim)
			}
		}),
		start(node, func(ctx context.Context) { got = s.get(ctx, node, after) }),
	}, 20*time.Millisecond, node)
	synctest.Wait()
	if plan.redundant {
		return
	}
	if got.Status != 200 && got.Status != 401 || end.Status >= 500 {
		t.Errorf("the end answered %d %s, the request %d %s", end.Status, end.Body, got.Status, got.Body)
	}
	if e.name == "theft" && end.Status == 200 {
		t.Error("the thief was served")
	}
	if !ended {
		if !st.lost {
			t.Errorf("the end did not succeed: %d %s", end.Status, end.Body)
		}
		return
	}
	reason := s.reason(c)
	if got.Status == 401 && got.EndReason != string(reason) {
		t.Errorf("the request was told %q, the session ended with %q", got.EndReason, reason)
	}
	s.wantEnded(t, reason, after)
	synctest.Wait()
	want := alive - 1
	if e.name == "login" {
		want++
	}
	if n := s.provider.Alive(); n != want {
		t.Errorf("%d refresh tokens are alive, want %d", n, want)
	}
}

// reason says why the session of the scene has ended.
func (s *stage) reason(c *scene) latchkey.EndReason {
	s.Helper()
	rec := s.record(c)
	if rec.EndedAt.IsZero() {
		s.Fatal("the record is alive after its end")
	}
	return rec.EndReason
}
