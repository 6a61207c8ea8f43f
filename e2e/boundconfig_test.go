package e2e_test

import "testing"

// TestBound_sameSiteChanged: the operator changes the attributes of all cookies. The browser learns
// them with its next proof, and is content.
func TestBound_sameSiteChanged(t *testing.T) {
	t.Parallel()
	w, b := newWorldAt(t, secure), newBinder(t)
	s := w.store
	p := s.enterAndBind(b)
	w.config.SameSiteLax = true
	w.startStore()
	w.forget()
	s.wantServed("with the old bound cookie", s.asPage(p))
	b.loseProof(s.origin)
	w.forget()
	for range 3 {
		s.wantServed("with the new attributes", s.asPage(p))
	}
	if n := s.proofs(); n != 1 {
		t.Errorf("%d proofs for three requests, want 1", n)
	}
}
