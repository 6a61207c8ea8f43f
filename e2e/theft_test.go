package e2e_test

import (
	"strings"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey/idp/idptest"
)

// The thefts of the workflow, arrows 36 to 43: someone has a copy of what is in the browser, and
// uses it elsewhere.

// TestStolenSessionCookie is arrows 41–43. A copy of the session cookie alone works as long as the
// session id lives; it can neither refresh nor extend it beyond the cap, and the user does not
// notice.
func TestStolenSessionCookie(t *testing.T) {
	t.Run("unused", func(t *testing.T) {
		inEach(t, func(t *testing.T, s *site, b *browser) {
			p := s.enterAndLogIn(b)
			stolen := b.copyCookies(s).only(sessionCookie)
			s.clock.advance(settling)
			if s.wantServed("while it lives", s.use(s.protected, stolen)) {
				t.Error("the thief got new cookies")
			}
			s.clock.advance(idle + time.Second)
			s.forget()
			s.wantRefused("after the idle timeout", s.use(s.protected, stolen), "")
			s.wantCalls()
			s.act(p)
			s.seeActed(p, 1)
		})
	})
	t.Run("kept in use", func(t *testing.T) {
		inEach(t, func(t *testing.T, s *site, b *browser) {
			p := s.enterAndLogIn(b)
			stolen := b.copyCookies(s).only(sessionCookie)
			s.forget()
			for at := 20 * time.Minute; at < sessionCap; at += 20 * time.Minute {
				s.clock.advance(20 * time.Minute)
				s.wantServed("after "+at.String(), s.use(s.protected, stolen))
			}
			s.clock.advance(20 * time.Minute)
			s.wantRefused("at the cap", s.use(s.protected, stolen), "")
			s.wantCalls()
			s.act(p)
			s.seeActed(p, 1)
		})
	})
}

// TestStolenRefreshCookie is arrows 36–40: a copy of the refresh cookie and an invalid session id.
// It forces a new generation, in which thief and victim each get cookies. One of the two returns
// with those that were not kept, and then the session ends for both.
func TestStolenRefreshCookie(t *testing.T) {
	t.Run("the victim is settled", func(t *testing.T) {
		inEach(t, func(t *testing.T, s *site, b *browser) {
			p, stolen := s.stealRefreshCookie(b)
			s.wantServed("the victim, settled", s.asPage(p))
			s.wantRefused("the thief, too late", s.use(s.protected, stolen), "reuse_detected")
			s.wantVictimTold(p, 1)
		})
	})
	t.Run("the thief is settled", func(t *testing.T) {
		inEach(t, func(t *testing.T, s *site, b *browser) {
			p, stolen := s.stealRefreshCookie(b)
			s.wantServed("the thief, settled", s.use(s.protected, stolen))
			s.wantVictimTold(p, 1)
			s.wantRefused("the thief, after the victim came back", s.use(s.protected, stolen), "reuse_detected")
		})
	})
}

// stealRefreshCookie lets a thief use a copy of the refresh cookie, and the victim continue. It
// returns when no response with cookies of that generation can be in flight any longer: the
// next to come is the one whose cookies are kept.
func (s *site) stealRefreshCookie(b *browser) (victim *tab, stolen jar) {
	s.Helper()
	victim = s.enterAndLogIn(b)
	s.clock.advance(settling)
	s.wantServed("the victim", s.asPage(victim))
	stolen = b.copyCookies(s).with(sessionCookie, "bad")
	s.forget()
	if !s.wantServed("36–40: the thief", s.use(s.protected, stolen)) {
		s.Error("40: the thief's answer has no new cookies: was no new generation begun?")
	}
	s.wantCalls("POST " + s.refresh + " 200")
	before := b.copyCookies(s)
	s.wantServed("the victim, after the thief", s.asPage(victim))
	if after := b.copyCookies(s); after[refreshCookie] == before[refreshCookie] || after[refreshCookie] == stolen[refreshCookie] {
		s.Error("the victim has no new cookies of its own")
	}
	s.clock.advance(settling)
	s.wantServed("the thief confirms the generation", s.use(s.protected, stolen))
	s.clock.advance(2*inFlight + time.Second)
	s.wantCalls("POST " + s.refresh + " 200")
	return victim, stolen
}

// TestStolenCookiesUsedLate: a copy of both cookies that is first used when the browser has long
// had new ones ends the session.
func TestStolenCookiesUsedLate(t *testing.T) {
	inEach(t, func(t *testing.T, s *site, b *browser) {
		p := s.enterAndLogIn(b)
		stolen := b.copyCookies(s)
		s.clock.advance(idle)
		s.act(p)
		s.seeActed(p, 1)
		s.clock.advance(settling)
		s.wantServed("the victim confirms the generation", s.asPage(p))
		s.clock.advance(inFlight + time.Second)
		s.forget()
		s.wantRefused("the thief", s.use(s.protected, stolen), "reuse_detected")
		s.wantCalls()
		s.wantVictimTold(p, 2)
	})
}

// asPage makes the page's own script request what needs a login.
func (s *site) asPage(p *tab) exchange {
	s.Helper()
	got := p.fetch(s.protected)
	return exchange{method: "GET", path: s.protected, status: got.Status, body: got.Body}
}

// wantVictimTold fails the test unless the page tells the user about the theft at the next action,
// and the provider has revoked the refresh token. After a login the action continues; then it has
// been done this many times.
func (s *site) wantVictimTold(p *tab, times int) {
	s.Helper()
	s.act(p)
	p.see("login-form")
	if why := p.text("session-ended"); !strings.Contains(why, "A copy of your session turned up somewhere else") {
		s.Errorf("the page says %q", why)
	}
	s.wantRevoked()
	p.logIn(s.user.Email, idptest.Password)
	s.seeActed(p, times)
}
