package e2e_test

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
)

// TestRefreshTokenExpired: after this time the provider need not be asked. The form appears in
// place and says why, and what was begun continues after the login.
func TestRefreshTokenExpired(t *testing.T) {
	inEach(t, func(t *testing.T, s *site, b *browser) {
		p := s.enterAndLogIn(b)
		s.clock.advance(refresh + time.Second)
		s.forget()
		p.rememberThisPage()
		s.act(p)
		p.see("login-form")
		if why := p.text("session-ended"); !strings.Contains(why, "away for a while") {
			t.Errorf("the page says %q", why)
		}
		s.wantCalls()
		if len(b.cookies(s)) != 2 {
			t.Error("the 401 has cleared the cookies: it could have been late, and those of a new login")
		}
		p.logIn(s.user.Email, idptest.Password)
		s.seeActed(p, 1)
		s.wantCalls("POST /api/login 200")
		p.wantThisPage()
	})
}

// TestSessionFoundDeadOnReturn: someone comes back to a tab whose session has ended. The form
// appears before anything is lost, and after the login the cursor is where it was.
func TestSessionFoundDeadOnReturn(t *testing.T) {
	t.Parallel()
	w, b := newWorld(t), newBrowser(t)
	s := w.forums
	p := s.enterAndLogIn(b)
	const half = "Half of what I wan"
	p.fill("post-body", half)
	w.clock.advance(refresh + time.Second)
	read[bool](p, `document.dispatchEvent(new Event("visibilitychange"))`)
	p.see("login-form")
	p.logIn(w.user.Email, idptest.Password)
	s.seePrivate(p)
	if !read[bool](p, focused("post-body")) {
		t.Error("the cursor is not where it was: what is typed on would be lost")
		p.do("go back to the post", chromedp.Focus(hook("post-body")))
	}
	p.press("ted to say.")
	p.click("post-submit")
	p.untilText(half + "ted to say.")
}

// TestAnotherUserLogsInAtTheForm: what one user has begun is not done in another's name.
func TestAnotherUserLogsInAtTheForm(t *testing.T) {
	inEach(t, func(t *testing.T, s *site, b *browser) {
		p := s.enterAndLogIn(b)
		bob := s.addUser("bob@example.com", idp.Profile{FirstName: "Bob", LastName: "Tables"})
		s.clock.advance(refresh + time.Second)
		s.act(p)
		p.see("login-form")
		s.forget()
		p.logIn(bob.Email, idptest.Password)
		p.untilText("Someone else has logged in")
		s.seePrivate(p)
		if name := p.text("user-name"); name != "Bob Tables" {
			t.Errorf("the page shows the name %q", name)
		}
		if sent := s.wire.to(s, s.action()); len(sent) != 0 {
			t.Errorf("Ada's action was sent %d times as Bob", len(sent))
		}
		if s.name == "forums" && p.value("post-body") != "" {
			t.Errorf("Bob sees what Ada typed: %q", p.value("post-body"))
		}
	})
}
