package steps

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/latchkeytest"
)

// eachOrder races what two actors do with a session, on one node and on two.
func eachOrder(t *testing.T, name string, run func(t *testing.T, s *stage, race func([2]func(ctx context.Context, node int)) (redundant bool))) {
	for second, nodes := range []string{"one node", "two nodes"} {
		t.Run(name+"/"+nodes, func(t *testing.T) {
			t.Parallel()
			steps := &stepping{}
			onStage(t, steps.front, func(t *testing.T, s *stage) {
				n := schedules(func(plan *schedule) {
					run(t, s, func(acts [2]func(context.Context, int)) bool {
						var actors [2]*actor
						for i, act := range acts {
							actors[i] = start(i*second, func(ctx context.Context) { act(ctx, i*second) })
						}
						steps.race(t, plan, actors, 20*time.Millisecond, second)
						synctest.Wait()
						return plan.redundant
					})
					if t.Failed() {
						t.Fatalf("in the order %s", plan)
					}
				})
				t.Log(n, "schedules")
			})
		})
	}
}

// A key is registered while another key is, or while the session is confirmed: one key is stored,
// nothing else is lost, and the session is bound to that key.
func TestRegistration_besideAnother(t *testing.T) {
	eachOrder(t, "another key", func(t *testing.T, s *stage, race func([2]func(context.Context, int)) bool) {
		d := s.beginOffered()
		s.told()
		var got [2]*latchkeytest.Response
		tabs := [2]*latchkeytest.Browser{d.victim.Copy(s.nodes[0]), d.victim.Copy(s.nodes[0])}
		register := func(i int) func(context.Context, int) {
			return func(ctx context.Context, node int) { got[i] = s.register(ctx, node, d, s.newKey(), tabs[i]) }
		}
		if race([2]func(context.Context, int){register(0), register(1)}) {
			return
		}
		if statuses := []int{got[0].Status, got[1].Status}; !slices.Contains(statuses, 200) || !slices.Contains(statuses, 403) {
			t.Fatalf("%v, want one of each", statuses)
		}
		if n := s.told()[latchkey.EventBindingContested]; n != 1 {
			t.Errorf("told %d times that it is contested", n)
		}
		s.goesOnBound(t, d)
	})
	eachOrder(t, "a confirmation", func(t *testing.T, s *stage, race func([2]func(context.Context, int)) bool) {
		d := s.beginOffered()
		time.Sleep(90 * time.Second)
		var registered, served *latchkeytest.Response
		tab := d.victim.Copy(s.nodes[0])
		if race([2]func(context.Context, int){
			func(ctx context.Context, node int) { registered = s.register(ctx, node, d, d.key, d.victim) },
			func(ctx context.Context, node int) { served = s.get(ctx, node, tab) },
		}) {
			return
		}
		if registered.Status != 200 || served.Status != 200 || s.record(d.scene).ConfirmedAt.IsZero() {
			t.Errorf("registration: %d %s; request: %d %s", registered.Status, registered.Body, served.Status, served.Body)
		}
		s.goesOnBound(t, d)
	})
}

// The first proof of a key comes while the session is used, in any state: neither undoes what the
// other did. A request without a bound cookie is refused only where it would have to refresh the
// session, long after the login: then browsers wait for the proof first.
func TestFirstProof_besideARequest(t *testing.T) {
	for _, st := range states {
		if st.lost {
			continue
		}
		eachOrder(t, st.name, func(t *testing.T, s *stage, race func([2]func(context.Context, int)) bool) {
			d := s.beginRegistered()
			s.bring(d.scene, st)
			s.ask(d)
			var first, served *latchkeytest.Response
			tab := d.victim.Copy(s.nodes[0])
			if race([2]func(context.Context, int){
				func(ctx context.Context, node int) { first = s.prove(ctx, node, d, d.victim) },
				func(ctx context.Context, node int) { served = s.get(ctx, node, tab) },
			}) {
				return
			}
			late := served.Code == "device_proof_required" && time.Since(s.record(d.scene).CreatedAt) >= time.Hour
			if !proven(first) || served.Status != 200 && !late {
				t.Errorf("proof: %d %s; request: %d %s", first.Status, first.Body, served.Status, served.Body)
			}
			if n := s.told()[latchkey.EventBound]; n != 1 {
				t.Errorf("told %d times that it is bound", n)
			}
			if minted(served) {
				s.receive(d.victim, tab)
			}
			s.goesOnBound(t, d)
		})
	}
}

// Two posts of the first proof, as a browser repeats one whose answer was lost: the session is
// bound once.
func TestFirstProof_twice(t *testing.T) {
	eachOrder(t, "twice", func(t *testing.T, s *stage, race func([2]func(context.Context, int)) bool) {
		d := s.beginRegistered()
		s.told()
		var got [2]*latchkeytest.Response
		tabs := [2]*latchkeytest.Browser{d.victim.Copy(s.nodes[0]), d.victim}
		prove := func(i int) func(context.Context, int) {
			return func(ctx context.Context, node int) { got[i] = s.prove(ctx, node, d, tabs[i]) }
		}
		if race([2]func(context.Context, int){prove(0), prove(1)}) {
			return
		}
		if !proven(got[0]) || !proven(got[1]) || tabs[0].Cookie(s.nodes[0], boundCookie) != tabs[1].Cookie(s.nodes[0], boundCookie) {
			t.Errorf("%d %s, and %d %s", got[0].Status, got[0].Body, got[1].Status, got[1].Body)
		}
		if n := s.told()[latchkey.EventBound]; n != 1 {
			t.Errorf("told %d times that it is bound", n)
		}
		s.goesOnBound(t, d)
	})
}

// An end wins against a registration and any proof that is in flight.
func TestEnd_besideAKey(t *testing.T) {
	for name, in := range map[string]struct {
		begin func(*stage) *device
		act   func(*stage, context.Context, int, *device, *latchkeytest.Browser) *latchkeytest.Response
	}{
		"registration": {(*stage).beginOffered, func(s *stage, ctx context.Context, node int, d *device, tab *latchkeytest.Browser) *latchkeytest.Response {
			return s.register(ctx, node, d, d.key, tab)
		}},
		"first proof": {(*stage).beginRegistered, (*stage).proveFor},
		"proof":       {(*stage).beginBoundAndAsk, (*stage).proveFor},
	} {
		for _, e := range enders {
			if e.name == "theft" { // not of a bound session
				continue
			}
			eachOrder(t, name+"/"+e.name, func(t *testing.T, s *stage, race func([2]func(context.Context, int)) bool) {
				d, other := in.begin(s), s.world.NewBrowser()
				s.login(other)
				s.told()
				var ended bool
				var end, got *latchkeytest.Response
				tab := d.victim.Copy(s.nodes[0])
				if race([2]func(context.Context, int){
					func(ctx context.Context, node int) { ended, end = e.send(ctx, s, node, d.scene, other) },
					func(ctx context.Context, node int) { got = in.act(s, ctx, node, d, tab) },
				}) {
					return
				}
				if !ended {
					t.Errorf("the end: %d %s", end.Status, end.Body)
				}
				if got.Status != 200 && got.Status != 403 {
					t.Errorf("%s: %d %s", name, got.Status, got.Body)
				}
				s.wantEnded(t, "", tab)
				if n := s.told()[latchkey.EventEnded]; n != 1 {
					t.Errorf("the end was told %d times", n)
				}
				if name != "registration" {
					if got := s.post(s.Context(), 1, tab, "refresh", d.id, ""); !forgotten(got) {
						t.Errorf("the browser keeps the key of an ended session: %d %s", got.Status, got.Body)
					}
				}
			})
		}
	}
}

func (s *stage) proveFor(ctx context.Context, node int, d *device, tab *latchkeytest.Browser) *latchkeytest.Response {
	return s.prove(ctx, node, d, tab)
}

func (s *stage) beginBoundAndAsk() *device {
	d := s.beginBound()
	s.ask(d)
	return d
}

// The store has lost that a session is bound, and two at once know better: a request and a proof,
// or two of the same. Both are served, and the binding is back as it was.
func TestRebinding_twoAtOnce(t *testing.T) {
	acts := map[string]func(*stage, context.Context, int, *device, *latchkeytest.Browser) *latchkeytest.Response{
		"request": func(s *stage, ctx context.Context, node int, _ *device, tab *latchkeytest.Browser) *latchkeytest.Response {
			return s.get(ctx, node, tab)
		},
		"proof": (*stage).proveFor,
	}
	for _, pair := range [][2]string{{"request", "request"}, {"request", "proof"}, {"proof", "proof"}} {
		for _, later := range []time.Duration{0, time.Hour} {
			eachOrder(t, pair[0]+" and "+pair[1]+"/"+later.String()+" later", func(t *testing.T, s *stage, race func([2]func(context.Context, int)) bool) {
				d := s.beginRegistered()
				rollback := s.store.Snapshot()
				s.prove(t.Context(), 0, d, d.victim)
				bound := s.record(d.scene).Binding.BoundAt
				time.Sleep(later)
				s.ask(d)
				s.prove(t.Context(), 0, d, d.victim)
				s.ask(d)
				rollback()
				var got [2]*latchkeytest.Response
				tabs := [2]*latchkeytest.Browser{d.victim.Copy(s.nodes[0]), d.victim.Copy(s.nodes[0])}
				act := func(i int) func(context.Context, int) {
					return func(ctx context.Context, node int) { got[i] = acts[pair[i]](s, ctx, node, d, tabs[i]) }
				}
				if race([2]func(context.Context, int){act(0), act(1)}) {
					return
				}
				if got[0].Status != 200 || got[1].Status != 200 || forgotten(got[0]) || forgotten(got[1]) {
					t.Errorf("%d %s, and %d %s", got[0].Status, got[0].Body, got[1].Status, got[1].Body)
				}
				if rec := s.record(d.scene); rec.Binding == nil || !rec.Binding.BoundAt.Equal(bound) {
					t.Errorf("bound at another time: %+v", rec.Binding)
				}
				for i, tab := range tabs {
					if minted(got[i]) {
						s.receive(d.victim, tab)
					}
				}
				s.goesOnBound(t, d)
			})
		}
	}
}

// A registration or first proof survives the failure of each single call: the browser is told to
// come again, or its session goes on as it was.
func TestFault_inARegistration(t *testing.T) {
	eachFault(t, ofTheRequest, func(t *testing.T, s *stage, withFault func(func(context.Context)) string) {
		d := s.beginOffered()
		withFault(func(ctx context.Context) {
			if got := s.register(ctx, 0, d, d.key, d.victim); got.Status != 200 && got.Status != 503 {
				t.Errorf("%d %s", got.Status, got.Body)
			}
		})
		if d.id == "" { // the browser does not try again
			s.goesOn(d.scene)
			return
		}
		s.ask(d)
		if got := s.prove(t.Context(), 1, d, d.victim); !proven(got) {
			t.Errorf("without the fault: %d %s", got.Status, got.Body)
		}
		s.goesOnBound(t, d)
	})
}

func TestFault_inAFirstProof(t *testing.T) {
	eachFault(t, ofTheRequest, func(t *testing.T, s *stage, withFault func(func(context.Context)) string) {
		d := s.beginRegistered()
		failed := withFault(func(ctx context.Context) {
			began := time.Now()
			got := s.prove(ctx, 0, d, d.victim)
			if waited := time.Since(began); waited > 5*time.Second {
				t.Errorf("a proof took %v, and requests wait for it", waited)
			}
			if got.Status != 503 && !proven(got) {
				t.Errorf("%d %s", got.Status, got.Body)
			}
		})
		if failed != "" && d.victim.Cookie(s.nodes[0], boundCookie) == "" {
			t.Error("the bound cookie of before is gone")
		}
		s.ask(d)
		if got := s.prove(t.Context(), 1, d, d.victim); !proven(got) {
			t.Errorf("without the fault: %d %s", got.Status, got.Body)
		}
		s.goesOnBound(t, d)
	})
}
