package e2e_test

import (
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/latchkey-dev/latchkey/idp/idptest"
)

// startInProfile starts a browser whose profile stays when it has stopped.
func startInProfile(t *testing.T, profile string, options ...chromedp.ExecAllocatorOption) (b *browser, stop func()) {
	t.Helper()
	ctx, end, err := startChromium(profile, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { end() })
	return &browser{T: t, ctx: ctx}, func() {
		if err := end(); err != nil {
			t.Error(err)
		}
	}
}

// TestBrowserRestart ends the browser and starts it again with the same profile. A user who asked
// to be remembered is still logged in, by the refresh cookie alone; another has to log in.
func TestBrowserRestart(t *testing.T) {
	t.Parallel()
	w, profile := newWorld(t), t.TempDir()
	b, stop := startInProfile(t, profile)
	w.store.enterAndLogIn(b)
	p := w.forums.enter(b)
	p.click("login-remember")
	p.logIn(w.user.Email, idptest.Password)
	w.clock.advance(settling)
	stop()

	b, _ = startInProfile(t, profile)
	w.forget()
	w.store.openLoggedIn(b)
	if sent := w.wire.to(w.store, "/api/user")[0].cookies(); sent[sessionCookie] != "" || sent[refreshCookie] == "" {
		t.Errorf("the browser came back with the cookies %v, want the refresh cookie alone", sent)
	}
	w.store.wantCalls("POST " + w.store.refresh + " 200")
	w.forums.enter(b)
	if sent := w.forums.only("GET", "/api/user").cookies(); len(sent) != 0 {
		t.Errorf("the browser came back with the cookies %v of a login that was not to be remembered", sent)
	}
}
