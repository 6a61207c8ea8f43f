package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"
)

// The routes by which a browser registers its key, and proves that it has it.
const (
	registerRoute = "/api/dbsc/register"
	proofRoute    = "/api/dbsc/refresh"
)

const (
	grace     = time.Minute + time.Second    // from then on a bound session needs its proof
	proofDue  = 9 * time.Minute              // after the grace: the browser gives one by itself
	proofLife = 14*time.Minute + time.Second // no proof lives longer
)

// inEachBound runs a test for both apps, each in its own world, with a browser that binds.
func inEachBound(t *testing.T, test func(*testing.T, *site, *binder)) {
	t.Run("store", func(t *testing.T) { t.Parallel(); test(t, newWorldAt(t, secure).store, newBinder(t)) })
	t.Run("forums", func(t *testing.T) { t.Parallel(); test(t, newWorldAt(t, secure).forums, newBinder(t)) })
}

// enterAndBind logs the user in, and returns when the session is bound and needs its proof.
func (s *site) enterAndBind(b *binder) *tab {
	s.Helper()
	p := s.enterAndLogIn(b.browser)
	s.awaitBound(b, p)
	s.clock.advance(grace)
	return p
}

// awaitBound returns when the session of a login just made is bound.
func (s *site) awaitBound(b *binder, p *tab) {
	s.Helper()
	b.awaitTold("creation Success")
	s.wantServed("before the session is bound", s.asPage(p)) // the browser refreshes beside this request
	b.awaitTold("refresh Refreshed")
	if !s.deviceBound(p) {
		s.Fatal("the list of sessions says that this one is not bound")
	}
}

// deviceBound reports what the list of sessions says of the page's own.
func (s *site) deviceBound(p *tab) bool {
	s.Helper()
	var answer struct {
		Sessions []struct{ Current, DeviceBound bool }
	}
	got := p.fetch("/api/sessions")
	if err := json.Unmarshal([]byte(got.Body), &answer); err != nil {
		s.Fatalf("list sessions: %d %s", got.Status, got.Body)
	}
	for _, session := range answer.Sessions {
		if session.Current {
			return session.DeviceBound
		}
	}
	s.Fatalf("list sessions: the current one is missing in %s", got.Body)
	return false
}

// proofs counts the proofs that the guard has accepted since forget.
func (s *site) proofs() (n int) {
	for _, e := range s.wire.to(s, proofRoute) {
		if e.status == http.StatusOK {
			n++
		}
	}
	return n
}

// wantProofRequired fails the test unless the guard has asked for a proof in words, and left the
// cookies alone.
func (s *site) wantProofRequired(what string, e exchange) {
	s.Helper()
	p := answer{e.status, e.body}.problem()
	if e.status != http.StatusUnauthorized || p.Code != "device_proof_required" || p.EndReason != "" || len(e.setCookies()) != 0 {
		s.Errorf("%s: %d %.200s, sets %d cookies; want 401 device_proof_required", what, e.status, e.body, len(e.setCookies()))
	}
}

// TestBound: without a proof the browser signs before it sends, whatever it sends. The page does
// not notice, and neither does the user.
func TestBound(t *testing.T) {
	inEachBound(t, func(t *testing.T, s *site, b *binder) {
		p := s.enterAndBind(b)
		p.rememberThisPage()
		for _, request := range []struct {
			what string
			send func()
		}{
			{"six requests at once", func() { s.wantAllServed(p, 6) }},
			{"a body", func() { s.act(p); s.seeActed(p, 1) }},
			{"a navigation", func() { p.reload(); p.see("user-name"); p.rest() }},
		} {
			b.loseProof(s.origin)
			s.forget()
			request.send()
			s.wantUnnoticed(request.what)
		}
	})
}

// wantAllServed makes the page's script send several requests at once.
func (s *site) wantAllServed(p *tab, n int) {
	s.Helper()
	got := read[[]int](p, fmt.Sprintf(`Promise.all(Array.from({length: %d}, () => fetch(%q).then(async r => (await r.text(), r.status))))`, n, s.protected))
	for _, status := range got {
		if status != http.StatusOK {
			s.Errorf("%d requests at once: statuses %d", n, got)
			return
		}
	}
}

// wantUnnoticed fails the test unless the browser gave one proof since forget, and every request
// was answered at once.
func (s *site) wantUnnoticed(what string) {
	s.Helper()
	if n := s.proofs(); n != 1 {
		s.Errorf("%s: %d proofs, want 1", what, n)
	}
	for _, e := range s.wire.to(s, "/") {
		if (e.status >= 400 || e.status == http.StatusTemporaryRedirect) && e.path != proofRoute {
			s.Errorf("%s: %s %s %d %s", what, e.method, e.path, e.status, e.body)
		}
	}
}
