package e2e_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey/idp/idptest"
)

// TestTwoTabsExpired: two tabs find the session expired at the same moment. Both continue, and the
// provider is called once.
func TestTwoTabsExpired(t *testing.T) {
	inEach(t, func(t *testing.T, s *site, b *browser) {
		first := s.enterAndLogIn(b)
		second := s.openLoggedIn(b)
		s.clock.advance(idle + time.Second)
		s.forget()
		open := s.holdProvider()
		s.act(first)
		s.act(second)
		s.awaitUnderWay(2)
		open()
		s.await(2, "POST", s.action())
		for _, p := range []*tab{first, second} {
			p.rest()
			p.seeNo("login-form")
		}
		for _, e := range s.wire.to(s, s.action()) {
			if e.status/100 != 2 {
				t.Errorf("%s: %d %s", e.path, e.status, e.body)
			}
		}
		s.wantCalls("POST " + s.refresh + " 200")

		s.clock.advance(settling) // whichever cookies came last are valid from now on
		for _, pause := range []time.Duration{0, inFlight + time.Second, idle + time.Second} {
			s.clock.advance(pause)
			for i, p := range []*tab{first, second} {
				s.wantServed(fmt.Sprintf("tab %d, %s later", i+1, pause), s.asPage(p))
			}
		}
		s.wantCalls("POST "+s.refresh+" 200", "POST "+s.refresh+" 200")
	})
}

// holdProvider keeps the provider from answering until open is called, at the latest at the end of
// the test.
func (w *world) holdProvider() (open func()) {
	held := make(chan struct{})
	open = sync.OnceFunc(func() {
		w.faults.answer(nil)
		close(held)
	})
	w.Cleanup(open)
	w.faults.answer(func(rw http.ResponseWriter, r *http.Request) {
		<-held
		w.provider.Server.ServeHTTP(rw, r)
	})
	return open
}

// TestLogoutInAnotherTab: a logout in one tab shows in the other (SES-20), and so does a login.
func TestLogoutInAnotherTab(t *testing.T) {
	inEach(t, func(t *testing.T, s *site, b *browser) {
		first := s.enterAndLogIn(b)
		second := s.openLoggedIn(b)
		first.click("logout")
		second.seeNo("user-name")
		if s.name == "forums" {
			second.seeNo("thread-1")
		}
		b.awaitNoCookies(s)

		third := s.enter(b)
		third.logIn(s.user.Email, idptest.Password)
		second.see("user-name")
		first.see("user-name")
	})
}
