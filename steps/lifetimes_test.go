package steps

import (
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
)

// The four limits of a session, with values of the app's own, to the millisecond: served just
// before, not served from then on.
func TestLifetimes_eachAlone(t *testing.T) {
	const (
		ms = time.Millisecond
		m  = time.Minute
		h  = time.Hour
	)
	config := func(idle, cap, refresh, absolute time.Duration) func(*latchkey.Config) {
		return func(c *latchkey.Config) {
			c.IdleTimeout, c.SessionCap, c.RefreshTTL, c.AbsoluteTimeout = idle, cap, refresh, absolute
		}
	}
	type step struct {
		after  time.Duration // the last step, or the login
		status int
		reason latchkey.EndReason
	}
	served := func(after time.Duration) step { return step{after, 200, ""} }
	gone := func(after time.Duration) step { return step{after, 401, ""} }
	for _, c := range []struct {
		name   string
		config func(*latchkey.Config)
		cookie string // the only one that is sent; "": both
		steps  []step
	}{
		{"idle", config(10*m, h, 24*h, 48*h), sessionCookie, []step{served(10*m - ms), served(10*m - ms), gone(10 * m)}},
		{"idle, at once", config(7*m, h, 24*h, 48*h), sessionCookie, []step{gone(7 * m), gone(0)}},
		{"cap, in constant use", config(10*m, 25*m, 24*h, 48*h), sessionCookie, []step{served(9 * m), served(9 * m), served(7*m - ms), gone(ms), gone(0)}},
		{"idle longer than cap", config(h, 25*m, 24*h, 48*h), sessionCookie, []step{served(25*m - ms), gone(ms)}},
		{"refresh token, sliding", config(10*m, 25*m, 3*h, 48*h), "", []step{served(3*h - ms), served(3*h - ms), {3 * h, 401, latchkey.EndRefreshExpired}}},
		{"refresh token, use does not slide it", config(2*h, 2*h, 3*h, 48*h), "", []step{served(h), served(h - ms), {h + ms, 401, latchkey.EndRefreshExpired}}},
		{"absolute", config(10*m, 25*m, 3*h, 5*h), "", []step{served(2 * h), served(2 * h), served(h - ms), {ms, 401, latchkey.EndAbsoluteTimeout}, {h, 401, latchkey.EndAbsoluteTimeout}}},
		{"absolute, in constant use", config(10*m, 25*m, 30*m, 30*m), "", []step{served(9 * m), served(9 * m), served(12*m - ms), {ms, 401, latchkey.EndAbsoluteTimeout}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			onStage(t, pass, func(t *testing.T, s *stage) {
				b := s.world.NewBrowser()
				s.login(b)
				if c.cookie != "" {
					b = b.Copy(s.nodes[0], c.cookie)
				}
				for i, step := range c.steps {
					time.Sleep(step.after)
					if got := s.get(t.Context(), 0, b); got.Status != step.status || got.EndReason != string(step.reason) {
						t.Errorf("step %d: %d %q, want %d %q", i, got.Status, got.EndReason, step.status, step.reason)
					}
				}
			}, c.config)
		})
	}
}
