package e2e_test

import "testing"

// TestBound_browserRestart: the key is in the profile.
func TestBound_browserRestart(t *testing.T) {
	t.Parallel()
	w, profile := newWorldAt(t, secure), t.TempDir()
	b, stop := startInProfile(t, profile, bindsFreely...)
	w.store.enterAndBind(startBinder(b))
	stop()

	b, _ = startInProfile(t, profile, bindsFreely...)
	again := startBinder(b)
	w.forget()
	p := w.store.openLoggedIn(b)
	again.loseProof(w.store.origin)
	w.store.wantServed("after the restart", w.store.asPage(p))
	if !w.store.deviceBound(p) {
		t.Error("the session is no longer bound")
	}
	if w.store.proofs() == 0 {
		t.Error("the browser gave no proof")
	}
}
