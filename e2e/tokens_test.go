package e2e_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey/idp/idptest"
)

// TestTokensStayOnTheServerARC01 goes through everything that the apps do with tokens: login,
// refresh, a refusal, an outage, logout. No script can see a cookie (CKE-03), nothing is stored in
// the page, and no browser receives a token: newWorld checks every byte.
func TestTokensStayOnTheServerARC01(t *testing.T) {
	inEach(t, func(t *testing.T, s *site, b *browser) {
		p := s.enter(b)
		p.submitLogin(s.user.Email, "not the password")
		p.until("a message", `document.querySelector('[data-testid="login-error"]').innerText`)
		p.logIn(s.user.Email, idptest.Password)
		s.seePrivate(p)
		s.wantNothingForScripts(b, p)

		s.clock.advance(idle + time.Second)
		s.act(p)
		s.seeActed(p, 1)
		s.wantNothingForScripts(b, p)

		s.clock.advance(idle + time.Second)
		s.faults.answer(unavailable)
		if got := p.fetch(s.protected); got.Status != http.StatusServiceUnavailable {
			t.Errorf("while the provider is down: %d", got.Status)
		}
		s.faults.answer(nil)
		s.revokeAtProvider()
		if got := p.fetch(s.protected); got.Status != http.StatusUnauthorized {
			t.Errorf("when the provider has revoked the refresh token: %d", got.Status)
		}
		p.reload()
		s.wantNothingForScripts(b, p)

		// API key, client secret, password; of login and refresh each a JWT, its signature, a
		// refresh token.
		if n := len(s.calls.allSecrets()); n < 3+2*3 {
			t.Errorf("only %d secrets are looked for", n)
		}
	})
}

// wantNothingForScripts fails the test if the page's scripts can read a cookie, or anything stored
// that looks like one.
func (s *site) wantNothingForScripts(b *browser, p *tab) {
	s.Helper()
	if got := read[string](p, "document.cookie"); got != "" {
		s.Errorf("CKE-03: document.cookie is %q", got)
	}
	stored := read[[]string](p, `(async () => [
		...Object.entries(localStorage).flat(),
		...Object.entries(sessionStorage).flat(),
		...(await indexedDB.databases()).map(db => db.name),
		...(await caches.keys()),
		...(await navigator.serviceWorker.getRegistrations()).map(r => r.scope),
		window.name,
	].filter(Boolean))()`)
	if len(stored) != 0 {
		s.Errorf("the page has stored %q", stored)
	}
	html := read[string](p, "document.documentElement.outerHTML")
	for name, c := range b.cookies(s) {
		if strings.Contains(html, c.Value) {
			s.Errorf("CKE-03: the page contains %s", name)
		}
	}
}
