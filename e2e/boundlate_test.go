package e2e_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey/idp/idptest"
)

// A lateness is how long something takes: a proof on its way to the guard, or the answer on its way
// back, until wait returns. Meanwhile the user logs in again, or logs out.
type lateness func(s *site, wait func()) http.HandlerFunc

func proofLate(s *site, wait func()) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		wait()
		s.app.ServeHTTP(w, r)
	}
}

func answerLate(s *site, wait func()) http.HandlerFunc {
	return s.altered(proofRoute, func(*httptest.ResponseRecorder) { wait() })
}

// holdProof moves the time to where the browser gives a proof by itself, and returns when one is
// held back.
func (s *site) holdProof(b *binder, p *tab, late lateness) (release func()) {
	s.Helper()
	arrived, released := make(chan struct{}), make(chan struct{})
	release = sync.OnceFunc(func() { close(released) })
	s.Cleanup(release)
	held := late(s, func() { close(arrived); <-released })
	var one atomic.Bool
	s.front.answer(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == proofRoute && one.CompareAndSwap(false, true) {
			held(w, r)
			return
		}
		s.app.ServeHTTP(w, r)
	})
	s.clock.advance(proofDue)
	b.ageProof(s)
	s.wantServed("beside the proof", s.asPage(p))
	select {
	case <-arrived:
	case <-time.After(patience):
		s.Fatal("the browser gives no proof")
	}
	return release
}

// TestBound_secondLogin: the browser has two sessions for a moment, and one bound cookie. The newer
// session is served, whichever session's cookie came last.
func TestBound_secondLogin(t *testing.T) {
	t.Run("proof late", func(t *testing.T) {
		t.Parallel()
		s, b := newWorldAt(t, secure).store, newBinder(t)
		p, release := s.logInTwice(b, proofLate)
		s.awaitBound(b, p)
		release()
		b.awaitTold("termination ServerRequested")
		s.clock.advance(grace)
		s.wantServed("the newer session", s.asPage(p))
	})
	t.Run("answer late", func(t *testing.T) {
		t.Parallel()
		s, b := newWorldAt(t, secure).forums, newBinder(t)
		p, release := s.logInTwice(b, answerLate)
		s.awaitBound(b, p)
		s.clock.advance(grace)
		release()
		b.awaitTold("refresh Refreshed")
		s.forget()
		s.wantServed("the newer session", s.asPage(p))
		if got := s.statuses(s.protected); !slices.Equal(got, []int{http.StatusTemporaryRedirect, http.StatusOK}) {
			t.Errorf("statuses %d; want 307 for the older session's cookie, and then 200", got)
		}
	})
}

// logInTwice logs in again while a proof of the first session is held back.
func (s *site) logInTwice(b *binder, late lateness) (p *tab, release func()) {
	s.Helper()
	p = s.enterAndBind(b)
	release = s.holdProof(b, p, late)
	status := read[int](p, fmt.Sprintf(`fetch("/api/login", {
		method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify({email: %q, password: %q}),
	}).then(async r => (await r.text(), r.status))`, s.user.Email, idptest.Password))
	if status != http.StatusOK {
		s.Fatalf("second login: %d", status)
	}
	return p, release
}

// TestBound_logout: nothing brings a session back that the user has ended, and the next one is
// bound as the first was.
func TestBound_logout(t *testing.T) {
	for _, c := range []struct {
		name, app string
		late      lateness
		told      string
	}{
		{"proof late", "forums", proofLate, "termination ServerRequested"},
		{"answer late", "store", answerLate, "refresh Refreshed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, b := newWorldAt(t, secure).site(c.app), newBinder(t)
			p := s.enterAndBind(b)
			release := s.holdProof(b, p, c.late)
			p.click("logout")
			p.seeNo("user-name")
			s.await(1, "POST", "/api/logout")
			release()
			b.awaitTold(c.told)
			s.wantRefused("after the logout", s.asPage(p), "")
			if kept := b.cookies(s); kept[sessionCookie] != nil || kept[refreshCookie] != nil {
				t.Error("the browser still has cookies of the session")
			}
			s.enterAndBind(b)
		})
	}
}
