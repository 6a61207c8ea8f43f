package steps

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
)

// The store can be read and not be written for a while. A logout that it missed is stored when it
// can be, whichever cookie asked for it, and the refresh token is revoked then.
func TestOutage_storeIsReadOnly(t *testing.T) {
	for name, cookies := range map[string][]string{"both cookies": nil, "session cookie": {sessionCookie}, "refresh cookie": {refreshCookie}} {
		t.Run(name, func(t *testing.T) {
			var readOnly atomic.Bool
			front := func(_ context.Context, op operation, do func() error) error {
				if op.on == "store" && op.writes && readOnly.Load() {
					return errFault
				}
				return do()
			}
			onStage(t, front, func(t *testing.T, s *stage) {
				c := s.open(stateNamed("authenticated request"))
				readOnly.Store(true)
				want(t, s.send(t.Context(), 0, c.victim.Copy(s.nodes[0], cookies...), "POST", "/api/logout", ""), 503, "logout_incomplete", "")
				want(t, s.get(t.Context(), 0, c.victim.Copy(s.nodes[0])), 401, "login_required", "logout")
				time.Sleep(5 * time.Minute)
				readOnly.Store(false)
				time.Sleep(time.Minute)
				s.wantEnded(t, latchkey.EndLogout, c.victim)
				if n := s.provider.Alive(); n != 0 {
					t.Errorf("%d refresh tokens are alive", n)
				}
			})
		})
	}
}

// A request whose browser goes away does not wait for the refresh that it began. The refresh goes
// on, and the next request finds its result.
func TestOutage_requestLeavesItsRefresh(t *testing.T) {
	slow := func(_ context.Context, op operation, do func() error) error {
		if op.name == "Refresh" {
			time.Sleep(3 * time.Second)
		}
		return do()
	}
	onStage(t, slow, func(t *testing.T, s *stage) {
		c := s.open(stateNamed("refresh"))
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		began := time.Now()
		s.get(ctx, 0, c.victim)
		if waited := time.Since(began); waited > 100*time.Millisecond {
			t.Errorf("the request stayed for %v", waited)
		}
		s.mustServe(c.victim)
		if n := s.provider.Calls(); n != 1 {
			t.Errorf("%d refreshes", n)
		}
		s.goesOn(c)
	})
}

// A node remembers for one cap the ends that it caused and those that it read: a replica that takes
// over without its newest writes brings nothing back.
func TestRollback_ofAnEnd(t *testing.T) {
	onStage(t, pass, func(t *testing.T, s *stage) {
		for node, name := range []string{"the node that ended it", "a node that read the end"} {
			c := s.open(stateNamed("authenticated request"))
			rollback := s.store.Snapshot()
			want(t, s.send(t.Context(), 0, c.victim.Copy(s.nodes[0]), "POST", "/api/logout", ""), 204, "", "")
			s.wantEnded(t, latchkey.EndLogout, c.victim)
			time.Sleep(20 * time.Minute)
			rollback()
			if got := s.get(t.Context(), node, c.victim); got.Status != 401 || got.EndReason != "logout" {
				t.Errorf("%s: %d %s", name, got.Status, got.Body)
			}
		}
	}, func(c *latchkey.Config) { c.IdleTimeout = 30 * time.Minute })
}

// A store that does not answer a write holds no request forever, though the browser would wait.
func TestOutage_writeHangs(t *testing.T) {
	hanging := func(ctx context.Context, op operation, do func() error) error {
		if op.name == "Swap" && ctx.Value(inFlow{}) != nil {
			<-ctx.Done()
			return ctx.Err()
		}
		return do()
	}
	for _, name := range []string{"confirmation", "mint", "refresh"} {
		t.Run(name, func(t *testing.T) {
			onStage(t, hanging, func(t *testing.T, s *stage) {
				c := s.open(stateNamed(name))
				ctx, cancel := context.WithTimeout(context.WithValue(t.Context(), inFlow{}, true), time.Hour)
				defer cancel()
				began := time.Now()
				s.unavailable(ctx, s.get(ctx, 0, c.victim), "provider_unavailable")
				if waited := time.Since(began); waited > 20*time.Second {
					t.Errorf("waited %v", waited)
				}
			})
		})
	}
}
