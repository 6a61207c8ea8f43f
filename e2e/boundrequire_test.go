package e2e_test

import (
	"strings"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
)

// required ends sessions that are not bound two minutes after their login.
func required(c *latchkey.Config) { c.DeviceBinding = latchkey.DeviceBindingRequire }

// TestBound_required: the app keeps bound sessions only. A user whose browser cannot bind them is
// told so.
func TestBound_required(t *testing.T) {
	t.Parallel()
	s := newWorldAt(t, secure, required).store
	bound, unbound := s.enterAndBind(newBinder(t)), s.enterAndLogIn(newBrowser(t))
	s.clock.advance(2*time.Minute + time.Second)
	s.act(bound)
	s.seeActed(bound, 1)
	s.act(unbound)
	unbound.see("login-form")
	if why := unbound.text("session-ended"); !strings.Contains(why, "tied to their device") {
		t.Errorf("the page says %q", why)
	}
}

// TestBound_requiredSecondLogin: the bound cookie of the first session arrives on top of that of
// the second, so that the browser sees no need for a proof. It is told to give one.
func TestBound_requiredSecondLogin(t *testing.T) {
	t.Parallel()
	s, b := newWorldAt(t, secure, required).forums, newBinder(t)
	p, release := s.logInTwice(b, answerLate)
	b.awaitTold("creation Success")
	release()
	b.awaitTold("refresh Refreshed")
	if s.deviceBound(p) {
		t.Error("the second session is bound already")
	}
	s.clock.advance(2*time.Minute + time.Second)
	s.wantServed("the second session", s.asPage(p))
	if !s.deviceBound(p) {
		t.Error("the second session is not bound")
	}
}
