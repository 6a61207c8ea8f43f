package steps

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/latchkeytest"
)

// eachFault runs a flow again and again with another call of store or provider going wrong each
// time, in every way, until none is left. The flow makes its request with the fault, which returns
// the call that went wrong, and then says what must be true when the fault is gone.
func eachFault(t *testing.T, counts func(context.Context, operation) bool, flow func(t *testing.T, s *stage, withFault func(func(context.Context)) string)) {
	for _, kind := range faultKinds {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			f := &failing{}
			onStage(t, f.front, func(t *testing.T, s *stage) {
				var met []string
				for n := 1; n == len(met)+1; n++ {
					flow(t, s, func(request func(context.Context)) string {
						ctx, cancel := context.WithTimeout(context.WithValue(t.Context(), inFlow{}, true), patience)
						defer cancel()
						f.fail(n, kind.call, counts)
						request(ctx)
						synctest.Wait()
						call := f.heal()
						if call != "" {
							met = append(met, call)
						}
						return call
					})
					if t.Failed() {
						t.Fatalf("with call %d going wrong, after %s", n, strings.Join(met, ", "))
					}
				}
				t.Log(strings.Join(met, ", "))
			})
		})
	}
}

// unavailable wants the answer of a guard that cannot know: 503, with a time to come back, the
// cookies kept, and the operator told.
func (s *stage) unavailable(ctx context.Context, got *latchkeytest.Response, code string) {
	s.Helper()
	if got.Status != 503 || got.Code != code || got.Header.Get("Retry-After") == "" {
		s.Errorf("%d %s, Retry-After %q; want 503 %s", got.Status, got.Body, got.Header.Get("Retry-After"), code)
	}
	if len(got.Header["Set-Cookie"]) != 0 {
		s.Errorf("cookies came with a 503: %v", got.Header["Set-Cookie"])
	}
	if ctx.Err() == nil && s.told()[latchkey.EventProviderUnavailable] == 0 {
		s.Error("the operator was not told")
	}
}

// A request that refreshes, mints, rebuilds or confirms survives the failure of each single call:
// 200 or 503, and then the same cookies go on (REF-10).
func TestFault_inARequest(t *testing.T) {
	for _, st := range states {
		t.Run(st.name, func(t *testing.T) {
			eachFault(t, ofTheRequest, func(t *testing.T, s *stage, withFault func(func(context.Context)) string) {
				revoked := s.provider.Logins() - s.provider.Alive()
				c := s.open(st)
				var got *latchkeytest.Response
				failed := withFault(func(ctx context.Context) {
					if got = s.get(ctx, 0, c.victim); got.Status != 200 {
						s.unavailable(ctx, got, "provider_unavailable")
					}
				})
				if failed != "" && got.Status == 200 {
					t.Errorf("served, though it cannot know whether %s took effect", failed)
				}
				began := time.Now()
				if got := s.get(t.Context(), 1, c.victim); got.Status != 200 {
					t.Errorf("without the fault: %d %s", got.Status, got.Body)
				}
				if waited := time.Since(began); waited > time.Second {
					t.Errorf("after %s failed, a claim held the next request up for %v", failed, waited)
				}
				s.goesOn(c)
				if n := s.provider.Logins() - s.provider.Alive(); n != revoked {
					t.Errorf("%d refresh tokens were revoked", n-revoked)
				}
			})
		})
	}
}

// A login that failed leaves nothing behind, and the next one works.
func TestFault_inALogin(t *testing.T) {
	for name, had := range map[string]bool{"fresh browser": false, "browser with a session": true} {
		t.Run(name, func(t *testing.T) {
			eachFault(t, ofTheRequest, func(t *testing.T, s *stage, withFault func(func(context.Context)) string) {
				alive := s.provider.Alive()
				c := s.begin()
				if !had {
					s.send(t.Context(), 0, c.victim, "POST", "/api/logout", "")
				}
				old := c.victim.Copy(s.nodes[0])
				lost := withFault(func(ctx context.Context) {
					if got := s.send(ctx, 0, c.victim, "POST", "/api/login", credentials); got.Status != 200 {
						s.unavailable(ctx, got, "provider_unavailable")
						if had {
							s.mustServe(c.victim)
						}
						s.login(c.victim)
					}
				})
				time.Sleep(2 * time.Minute)
				s.goesOn(c)
				if had {
					s.wantEnded(t, latchkey.EndLogout, old)
				}
				// of a grant that never arrived nobody knows
				if n := s.provider.Alive() - alive; n != 1 && lost != "Login" {
					t.Errorf("%d refresh tokens are alive, want 1", n)
				}
			})
		})
	}
}

// An end that was answered with success stays; one that was not is stored soon after, or can be
// asked for again.
func TestFault_inAnEnd(t *testing.T) {
	for _, e := range enders {
		if e.name == "login" {
			continue
		}
		for _, name := range []string{"authenticated request", "refresh", "rebuild of a lost record"} {
			st := stateNamed(name)
			if st.lost && e.name != "logout" {
				continue
			}
			t.Run(e.name+"/"+st.name, func(t *testing.T) {
				eachFault(t, ofTheRequest, func(t *testing.T, s *stage, withFault func(func(context.Context)) string) {
					alive := s.provider.Alive()
					c, other := s.openFor(st, e), s.world.NewBrowser()
					s.login(other)
					s.told()
					withFault(func(ctx context.Context) {
						began := time.Now()
						ended, got := e.send(ctx, s, 0, c, other)
						if waited := time.Since(began); e.name == "logout" && waited > 5*time.Second {
							t.Errorf("a logout took %v", waited)
						}
						switch {
						case e.name == "logout" && !ended:
							if got.Status != 503 || got.Code != "logout_incomplete" || got.Header.Get("Retry-After") == "" {
								t.Errorf("%d %s", got.Status, got.Body)
							}
							// known here at once
							want(t, s.get(t.Context(), 0, c.victim.Copy(s.nodes[0])), 401, "login_required", "logout")
						case !ended:
							s.unavailable(ctx, got, "provider_unavailable")
						default:
							s.wantEnded(t, "", c.victim)
						}
					})
					if e.name != "logout" {
						e.send(t.Context(), s, 0, c, other)
					}
					time.Sleep(time.Minute)
					s.wantEnded(t, s.reason(c), c.victim)
					if n := s.provider.Alive() - alive; n != 1 {
						t.Errorf("%d refresh tokens are alive, want that of the other browser", n)
					}
					if n := s.told()[latchkey.EventEnded]; n != 1 {
						t.Errorf("told %d times of one end", n)
					}
				})
			})
		}
	}
}

// The refresh token of an ended session is revoked, whichever call of the background work fails.
func TestFault_inARevocation(t *testing.T) {
	eachFault(t, ofTheBackground, func(t *testing.T, s *stage, withFault func(func(context.Context)) string) {
		alive := s.provider.Alive()
		c := s.open(stateNamed("authenticated request"))
		withFault(func(ctx context.Context) {
			want(t, s.send(ctx, 0, c.victim.Copy(s.nodes[0]), "POST", "/api/logout", ""), 204, "", "")
		})
		time.Sleep(2 * time.Minute)
		s.wantEnded(t, latchkey.EndLogout, c.victim)
		rec := s.record(c)
		if n := s.provider.Alive() - alive; n != 0 || rec.Unrevoked {
			t.Errorf("%d refresh tokens are alive; still to be revoked: %v", n, rec.Unrevoked)
		}
	})
}
