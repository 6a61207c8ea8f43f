package e2e_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/idp/idptest"
)

// What people see of sessions that are bound to their browser's key.

// TestBound_list: the list marks the session that is bound, says on request what that
// means, and marks no other.
func TestBound_list(t *testing.T) {
	inEachBound(t, func(t *testing.T, s *site, b *binder) {
		s.enterAndLogIn(newBrowser(t))
		p := s.enterAndBind(b)
		list := s.listSessions(p)
		p.click("sessions-open")
		p.wantListed(list.current, list.others...)
		badge := "session-bound-" + list.current
		if got := p.text(badge); got != "Tied to this device" {
			t.Errorf("the badge says %q", got)
		}
		p.seeNo("session-bound-" + list.others[0])

		const meaning = "the copy stops working within minutes"
		if tip := read[string](p, `document.querySelector('[data-testid="`+badge+`"]').title`); !strings.Contains(tip, meaning) {
			t.Errorf("the tip says %q", tip)
		}
		if got := p.text("session-" + list.current); strings.Contains(got, meaning) {
			t.Errorf("unasked, the entry says %q", got)
		}
		p.click(badge)
		p.untilText(meaning)
	})
}

// TestBound_keyLost: the browser has lost its key. The page asks for a login in place, says why,
// and continues after it; the new session is bound again.
func TestBound_keyLost(t *testing.T) {
	inEachBound(t, func(t *testing.T, s *site, b *binder) {
		p := s.enterAndBind(b)
		s.loseKey(b)
		s.forget()
		p.rememberThisPage()
		s.act(p)
		p.see("login-form")
		if why := p.text("session-ended"); !strings.HasPrefix(why, "This browser can no longer prove that the login is its own.") {
			t.Errorf("the form says %q", why)
		}
		refused := s.wire.to(s, s.action())
		if len(refused) != 2 || refused[0].status != http.StatusUnauthorized || refused[1].status != http.StatusUnauthorized {
			t.Errorf("the page asked %d times, want a second time, and no third", len(refused))
		}

		p.logIn(s.user.Email, idptest.Password)
		s.seeActed(p, 1)
		p.wantThisPage()
		s.awaitBound(b, p)
	})
}

// TestBound_openedWithoutKey: a page that opens in a browser without its key says why nobody is
// logged in.
func TestBound_openedWithoutKey(t *testing.T) {
	inEachBound(t, func(t *testing.T, s *site, b *binder) {
		s.enterAndBind(b)
		s.loseKey(b)
		p := s.enter(b.browser)
		if why := p.text("session-ended"); !strings.Contains(why, "can no longer prove") {
			t.Errorf("the form says %q", why)
		}
		p.logIn(s.user.Email, idptest.Password)
		s.seePrivate(p)
	})
}

// TestBound_proofComesLate: a request that comes without its proof is sent again, and no form is
// shown meanwhile.
func TestBound_proofComesLate(t *testing.T) {
	inEachBound(t, func(t *testing.T, s *site, b *binder) {
		p := s.enterAndBind(b)
		var asked atomic.Int32
		s.front.answer(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == s.action() && asked.Add(1) == 1 {
				latchkey.WriteError(w, &latchkey.Problem{Code: "device_proof_required"})
				return
			}
			s.app.ServeHTTP(w, r)
		})
		read[bool](p, `(() => {
			window.formShown = false;
			new MutationObserver(() => { window.formShown ||= document.querySelector('[data-testid="login-form"]') !== null })
				.observe(document, {subtree: true, childList: true});
			return true;
		})()`)
		s.act(p)
		s.seeActed(p, 1)
		if shown := read[bool](p, "window.formShown"); asked.Load() < 2 || shown {
			t.Errorf("the page asked %d times, and showed a form: %t", asked.Load(), shown)
		}
	})
}

// loseKey makes the browser drop the key of the site's session, as it does where something in front
// of the app answers for it.
func (s *site) loseKey(b *binder) {
	s.Helper()
	s.front.answer(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == proofRoute {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		s.app.ServeHTTP(w, r)
	})
	b.loseProof(s.origin)
	p := b.all[len(b.all)-1]
	if got := p.fetch("/api/user"); got.Status != http.StatusUnauthorized {
		s.Fatalf("without a proof: %d %s", got.Status, got.Body)
	}
	b.awaitTold("termination RefreshFatalError")
	s.front.answer(nil)
}
