package e2e_test

import (
	"net/http"
	"testing"
)

// TestLogout: the cookies are gone from the browser (CKE-16), and copies of them are worthless
// (SES-07).
func TestLogout(t *testing.T) {
	inEach(t, func(t *testing.T, s *site, b *browser) {
		p := s.enterAndLogIn(b)
		old := b.copyCookies(s)
		s.forget()
		p.click("logout")
		p.seeNo("user-name")
		s.await(1, "POST", "/api/logout")
		if e := s.only("POST", "/api/logout"); e.status != http.StatusNoContent {
			t.Errorf("logout: %d %s", e.status, e.body)
		}
		b.awaitNoCookies(s)
		for what, j := range map[string]jar{"both": old, "the session cookie": old.only(sessionCookie), "the refresh cookie": old.only(refreshCookie)} {
			s.wantRefused(what, s.use(s.protected, j), "logout")
			e := s.use("/api/user", j)
			if got := (answer{e.status, e.body}).problem(); e.status != http.StatusNotFound || got.Code != "not_logged_in" || got.EndReason != "logout" {
				t.Errorf("who is logged in, with %s: %d %s", what, e.status, e.body)
			}
		}
		s.wantRevoked()
	})
}

// TestLogoutWithoutNetworkSES20: the page forgets the user immediately, in all tabs, says that the
// server does not know yet, and can tell it later.
func TestLogoutWithoutNetworkSES20(t *testing.T) {
	inEach(t, func(t *testing.T, s *site, b *browser) {
		p := s.enterAndLogIn(b)
		second := s.openLoggedIn(b)
		s.front.answer(func(w http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) })
		p.click("logout")
		p.untilText("The server can’t be reached.")
		p.seeNo("user-name")
		second.seeNo("user-name")
		if len(b.cookies(s)) != 2 {
			t.Error("the cookies are gone, though the server could not be told")
		}
		s.front.answer(nil)
		s.forget()
		p.clickButton("Try again")
		s.await(1, "POST", "/api/logout")
		b.awaitNoCookies(s)
		s.wantRevoked()
	})
}
