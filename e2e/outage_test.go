package e2e_test

import (
	"io"
	"maps"
	"net/http"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/idp/idptest"
)

// TestProviderDown: the session has expired, and the provider is down. The page says so and keeps
// what was typed, the browser keeps its cookies, and when the provider is back the same tab
// continues without a login (REF-10).
func TestProviderDown(t *testing.T) {
	for _, c := range []struct {
		app, name string
		fault     http.HandlerFunc
	}{
		{"forums", "503", unavailable},
		{"store", "a page of a proxy", proxyPage},
		{"forums", "a page of a proxy", proxyPage},
		{"store", "no answer", noAnswer},
	} {
		t.Run(c.app+"/"+c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(c *latchkey.Config) { c.ProviderTimeout = 300 * time.Millisecond }) // a test need not wait for long
			survive(t, w.site(c.app), c.fault)
		})
	}
}

func unavailable(w http.ResponseWriter, _ *http.Request) {
	w.WriteHeader(http.StatusServiceUnavailable)
}

// proxyPage has the status with which the provider refuses a dead refresh token.
func proxyPage(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html")
	w.WriteHeader(http.StatusNotFound)
	io.WriteString(w, "<h1>404</h1>")
}

func noAnswer(_ http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body) // otherwise the server does not notice that the client has gone
	<-r.Context().Done()
}

func survive(t *testing.T, s *site, fault http.HandlerFunc) {
	b := newBrowser(t)
	p := s.enterAndLogIn(b)
	before := b.copyCookies(s)
	s.clock.advance(idle + time.Second)
	s.faults.answer(fault)
	s.forget()
	p.rememberThisPage()
	s.act(p)
	p.untilText("The login service doesn’t answer right now.")
	p.seeNo("login-form")
	p.see("user-name")
	for _, e := range s.wire.to(s, s.action()) {
		if e.status != http.StatusServiceUnavailable || e.answer.Get("Retry-After") == "" || len(e.setCookies()) != 0 {
			t.Errorf("%s: %d %s, Retry-After %q", e.path, e.status, e.body, e.answer.Get("Retry-After"))
		}
	}
	if after := b.copyCookies(s); !maps.Equal(before, after) {
		t.Error("the cookies have changed")
	}
	if s.name == "forums" && p.value("post-body") != someWords {
		t.Errorf("the post is gone: %q", p.value("post-body"))
	}
	s.faults.answer(nil)
	s.clock.advance(3 * time.Second) // refreshes pause while the provider fails
	s.forget()
	s.act(p)
	s.seeActed(p, 1)
	s.wantCalls("POST " + s.refresh + " 200")
	p.wantThisPage()
}

// TestLoginWhileProviderIsDown: the form says that the password is not the problem, and keeps what
// was typed.
func TestLoginWhileProviderIsDown(t *testing.T) {
	inEach(t, func(t *testing.T, s *site, b *browser) {
		p := s.enter(b)
		s.faults.answer(unavailable)
		p.submitLogin(s.user.Email, idptest.Password)
		p.untilText("The login service doesn’t answer right now.")
		if len(b.cookies(s)) != 0 {
			t.Error("there are cookies without a login")
		}
		s.faults.answer(nil)
		p.click("login-submit")
		s.seePrivate(p)
	})
}
