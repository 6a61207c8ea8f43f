package e2e_test

import "testing"

// TestBound_stolenJar: somebody copies all cookies into a browser of their own. It serves them as
// long as the last proof lives, they cannot get another, and the owner does not notice.
func TestBound_stolenJar(t *testing.T) {
	inEachBound(t, func(t *testing.T, s *site, b *binder) {
		owner, thief := s.enterAndBind(b), newBinder(t)
		thief.takeCookies(b, s)
		s.forget()
		s.wantProofRequired("without the bound cookie", s.use(s.protected, b.copyCookies(s).without(boundCookie)))
		p := thief.open(s.origin + s.page())
		s.wantServed("the thief, with a living proof", s.asPage(p))
		s.clock.advance(proofLife)
		s.wantProofRequired("the thief, with a dead one", s.asPage(p))
		s.wantProofRequired("the thief, once more", s.asPage(p))
		if n := len(s.wire.to(s, proofRoute)); n != 0 {
			t.Errorf("the thief's browser tried %d times to give a proof", n)
		}
		p.takeComplaints()
		s.wantServed("the owner", s.asPage(owner))
		s.act(owner)
		s.seeActed(owner, 1)
	})
}
