package e2e_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
	"github.com/latchkey-dev/latchkey/memstore"
)

// TestForgedCookiesARC05 changes single bits of genuine cookies. None lets anybody in, calls the
// provider, or harms the session.
func TestForgedCookiesARC05(t *testing.T) {
	inEach(t, func(t *testing.T, s *site, b *browser) {
		p := s.enterAndLogIn(b)
		genuine := b.copyCookies(s)
		s.clock.advance(settling)
		s.forget()
		for _, part := range []float64{0, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 1} {
			session, refresh := flip(genuine[sessionCookie], part), flip(genuine[refreshCookie], part)
			for what, j := range map[string]jar{
				"the session cookie":      {sessionCookie: session},
				"the refresh cookie":      {refreshCookie: refresh},
				"both":                    {sessionCookie: session, refreshCookie: refresh},
				"one in place of another": {sessionCookie: genuine[refreshCookie], refreshCookie: genuine[sessionCookie]},
				"the session cookie, cut": {sessionCookie: genuine[sessionCookie][:int(part*float64(len(genuine[sessionCookie])-1))]},
			} {
				s.wantRefused(fmt.Sprintf("%s, at %.1f", what, part), s.use(s.protected, j), "")
			}
		}
		s.wantCalls()
		s.act(p)
		s.seeActed(p, 1)
	})
}

// TestForeignCookies presents cookies where they do not belong: those of the store at the forums,
// and those of a deployment with other keys, even if it shares the sessions.
func TestForeignCookies(t *testing.T) {
	t.Parallel()
	sessions := memstore.New()
	shared := func(c *latchkey.Config) { c.Store = sessions }
	w, other, b := newWorld(t, shared), newWorld(t, shared), newBrowser(t)
	w.store.enterAndLogIn(b)
	w.forget()
	w.forums.wantRefused("the store's cookies at the forums", w.forums.use(w.forums.protected, b.copyCookies(w.store)), "")
	w.forums.wantRefused("the store's refresh cookie at the forums", w.forums.use(w.forums.protected, b.copyCookies(w.store).only(refreshCookie)), "")
	other.store.wantRefused("another deployment's cookies", other.store.use(other.store.protected, b.copyCookies(w.store)), "")
	other.store.wantRefused("another deployment's refresh cookie", other.store.use(other.store.protected, b.copyCookies(w.store).only(refreshCookie)), "")
	w.store.wantCalls()
	w.store.wantServed("at home", w.store.use(w.store.protected, b.copyCookies(w.store)))
}

// TestAmbiguousCookies sends genuine cookies in ways in which no browser sends them (CKE-07,
// CKE-08, CKE-09, CKE-20).
func TestAmbiguousCookies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, ada, bob := w.store, newBrowser(t), newBrowser(t)
	s.enterAndLogIn(ada)
	w.addUser("bob@example.com", idp.Profile{FirstName: "Bob"})
	p := s.enter(bob)
	p.logIn("bob@example.com", idptest.Password)
	hers, his := ada.copyCookies(s), bob.copyCookies(s)
	session, refresh := sessionCookie+"="+hers[sessionCookie], refreshCookie+"="+hers[refreshCookie]
	w.forget()
	for what, header := range map[string]http.Header{
		"CKE-08 two session cookies in one header":  {"Cookie": {session + "; " + sessionCookie + "=" + his[sessionCookie]}},
		"CKE-08 two session cookies in two headers": {"Cookie": {session, sessionCookie + "=" + his[sessionCookie]}},
		"CKE-08 one session cookie twice":           {"Cookie": {session + "; " + session}},
		"CKE-08 a bad one first":                    {"Cookie": {sessionCookie + "=x; " + session}},
		"CKE-08 two of each":                        {"Cookie": {hers.header(), his.header()}},
		"CKE-08 two refresh cookies":                {"Cookie": {refresh + "; " + refreshCookie + "=" + his[refreshCookie]}},
		"CKE-07 another case":                       {"Cookie": {"__host-session=" + hers[sessionCookie] + "; __HOST-SESSION=" + hers[sessionCookie]}},
		"CKE-09 without the prefix":                 {"Cookie": {"session=" + hers[sessionCookie] + "; refresh=" + hers[refreshCookie]}},
		"CKE-20 in a header":                        {"Authorization": {"Bearer " + hers[sessionCookie]}, "X-Session": {hers[sessionCookie]}},
	} {
		s.wantRefused(what, s.send(s.protected, header), "")
	}
	s.wantRefused("CKE-20 in the address", s.send(s.protected+"?session="+hers[sessionCookie], http.Header{}), "")
	s.wantCalls()
	s.wantServed("as a browser sends them", s.send(s.protected, http.Header{"Cookie": {hers.header()}}))
}
