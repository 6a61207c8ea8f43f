package e2e_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey/idp/idptest"
)

// TestWorkflow walks through the workflow of a login, arrow by arrow, and checks each on the wire.
// The numbers are those of the table in docs/design.md.
func TestWorkflow(t *testing.T) {
	inEach(t, func(t *testing.T, s *site, b *browser) {
		p := s.enter(b)
		s.checkArrival()             // 1–5
		s.login(b, p)                // 6–10, 28–32
		s.useLiveSession(b, p)       // 11–13, 33–35
		s.useExpiredSession(b, p)    // 14–18
		s.useSessionThatIsOver(b, p) // 19–23
	})
}

func (s *site) checkArrival() {
	s.Helper()
	page := s.only("GET", s.page())
	if page.status != http.StatusOK || !strings.HasPrefix(page.answer.Get("Content-Type"), "text/html") || len(page.cookies()) != 0 {
		s.Errorf("1–2: the page: %d, %s, asked with the cookies %v", page.status, page.answer.Get("Content-Type"), page.cookies())
	}
	who := s.only("GET", "/api/user")
	if who.status != http.StatusNotFound || !strings.Contains(who.body, `"not_logged_in"`) || len(who.setCookies()) != 0 {
		s.Errorf("3–4: who is logged in: %d %s, cookies %v", who.status, who.body, who.setCookies())
	}
	s.wantCalls()
}

func (s *site) login(b *browser, p *tab) {
	s.Helper()
	s.forget()
	p.logIn(s.user.Email, idptest.Password)
	s.seePrivate(p)
	e := s.only("POST", "/api/login")
	if e.status != http.StatusOK || !strings.Contains(e.body, s.user.Email) {
		s.Errorf("10: login: %d %s", e.status, e.body)
	}
	s.wantCalls("POST /api/login 200", "POST "+s.refresh+" 400") // 7–8, and the first login of the process checks that it may refresh
	s.checkNewCookies(b, e)
	if name := p.text("user-name"); name != "Ada Lovelace" {
		s.Errorf("the page shows the name %q", name)
	}
}

func (s *site) useLiveSession(b *browser, p *tab) {
	s.Helper()
	before := b.cookies(s)
	s.forget()
	s.act(p)
	s.seeActed(p, 1)
	e := s.only("POST", s.action())
	if e.status/100 != 2 || len(e.cookies()) != 2 || len(e.setCookies()) != 0 {
		s.Errorf("11–13: %d with the cookies %v, sets %v", e.status, e.cookies(), e.setCookies())
	}
	for name, c := range before {
		if e.cookies()[name] != c.Value {
			s.Errorf("11: %s is not what the browser got at login", name)
		}
	}
	for range 2 { // each use extends the session: together these pauses are longer than it may be idle
		s.clock.advance(idle - 5*time.Minute)
		if got := p.fetch(s.protected); got.Status != http.StatusOK {
			s.Errorf("12: after a pause shorter than the idle timeout: %d", got.Status)
		}
	}
	s.wantCalls()
}

func (s *site) useExpiredSession(b *browser, p *tab) {
	s.Helper()
	s.clock.advance(idle + time.Second)
	s.forget()
	p.rememberThisPage()
	s.act(p)
	s.seeActed(p, 2)
	e := s.only("POST", s.action())
	if e.status/100 != 2 {
		s.Errorf("18: %d %s", e.status, e.body)
	}
	s.wantCalls("POST " + s.refresh + " 200") // 15–17
	s.checkNewCookies(b, e)
	p.wantThisPage()
	if len(s.wire.to(s, "/api/user")) != 0 {
		s.Error("the page has noticed something: it asked again who is logged in")
	}
}

func (s *site) useSessionThatIsOver(b *browser, p *tab) {
	s.Helper()
	s.clock.advance(idle + time.Second)
	s.revokeAtProvider()
	s.forget()
	p.rememberThisPage()
	s.act(p)
	p.see("login-form")
	e := s.only("POST", s.action())
	if e.status != http.StatusUnauthorized || !strings.Contains(e.body, `"login_required"`) || len(e.setCookies()) != 0 {
		s.Errorf("23: %d %s, sets %v", e.status, e.body, e.setCookies())
	}
	refusal := map[string]string{"store": " 404", "forums": " 400"}[s.name]
	s.wantCalls("POST " + s.refresh + refusal) // 20–22
	if why := p.text("session-ended"); !strings.Contains(why, "couldn’t be renewed") {
		s.Errorf("the page says %q", why)
	}
	p.logIn(s.user.Email, idptest.Password)
	s.seeActed(p, 3) // what was interrupted has continued
	p.wantThisPage()
}

// TestNoSingleSignOn is arrows 24–32: the login at the store means nothing to the forums, and
// neither sees the other's cookies.
func TestNoSingleSignOn(t *testing.T) {
	t.Parallel()
	w, b := newWorld(t), newBrowser(t)
	w.store.enterAndLogIn(b)
	w.forget()
	p := w.forums.enter(b)
	w.forums.checkArrival()
	w.forums.login(b, p)
	for _, e := range w.wire.to(w.forums, "/") {
		for name, value := range e.cookies() {
			if value == b.cookies(w.store)[name].Value {
				t.Errorf("%s %s: the forums got the store's cookie %s", e.method, e.path, name)
			}
		}
	}
}
