package e2e_test

import (
	"net/http"
	"sync/atomic"
	"testing"
	"time"
)

// TestLateRequest: a request was in flight for hours and arrives with old cookies. The browser is
// challenged, repeats the request by itself, with its body and its current cookies, and the page
// does not notice.
func TestLateRequest(t *testing.T) {
	inEach(t, func(t *testing.T, s *site, b *browser) {
		p := s.enterAndLogIn(b)
		longAgo := b.copyCookies(s).header()
		for range 2 {
			s.clock.advance(idle)
			s.wantServed("the browser, refreshed", s.asPage(p))
			s.clock.advance(settling)
			s.wantServed("the browser, settled", s.asPage(p))
		}
		s.forget()
		var late atomic.Bool
		s.front.answer(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == s.action() && late.CompareAndSwap(false, true) {
				r.Header.Set("Cookie", longAgo)
			}
			s.app.ServeHTTP(w, r)
		})
		s.act(p)
		s.seeActed(p, 1)
		if statuses := s.statuses(s.action()); len(statuses) != 2 || statuses[0] != http.StatusTemporaryRedirect || statuses[1]/100 != 2 {
			t.Errorf("statuses %v, want 307 and then a success", statuses)
		}
		p.seeNo("login-form")
		s.clock.advance(inFlight + time.Second)
		s.wantServed("later", s.asPage(p))
	})
}
