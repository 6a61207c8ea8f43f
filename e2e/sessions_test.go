package e2e_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"github.com/latchkey-dev/latchkey/idp/idptest"
)

// The list of where a user is logged in, which opens from the user's name.

// TestEndSessionElsewhere: one user in three browsers. The list shows them all and marks the
// current one; a browser that is logged out there says so at its next action, which continues after
// a login in place. The provider has revoked its refresh token.
func TestEndSessionElsewhere(t *testing.T) {
	inEach(t, func(t *testing.T, s *site, b *browser) {
		away := s.logInElsewhere()
		s.clock.advance(time.Hour)
		s.logInElsewhere()
		here := s.enterAndLogIn(b)
		list := s.listSessions(here)
		here.click("sessions-open")
		here.wantListed(list.current, list.others...)
		here.see("sessions-end-others")
		s.wantEntries(here, list)

		before := s.refreshTokens()
		oldest := s.listSessions(away).current
		s.forget()
		here.click("session-end-" + oldest)
		here.wantListed(list.current, without(list.others, oldest)...)
		if e := s.only("DELETE", "/api/sessions/"+oldest); e.status != http.StatusNoContent {
			t.Errorf("end: %d %s", e.status, e.body)
		}
		s.wantRefreshTokens(len(before) - 1)
		s.wantLoggedOut(away, "You logged this browser out from another one.")
		here.click("sessions-close")
		here.seeNo("sessions-list")
		s.act(here)
		s.seeActed(here, 2)
	})
}

// TestEndAllOtherSessions: after a confirmation, all but this browser are logged out.
func TestEndAllOtherSessions(t *testing.T) {
	inEach(t, func(t *testing.T, s *site, b *browser) {
		away, further := s.logInElsewhere(), s.logInElsewhere()
		here := s.enterAndLogIn(b)
		list := s.listSessions(here)
		here.click("sessions-open")
		here.click("sessions-end-others")
		here.see("sessions-end-others-confirm")
		here.clickButton("Cancel")
		here.seeNo("sessions-end-others-confirm")
		here.wantListed(list.current, list.others...)
		here.click("sessions-end-others")
		here.click("sessions-end-others-confirm")
		here.see("sessions-only-here")
		here.wantListed(list.current)
		here.until("it to be said", said("You’re logged out everywhere else."))
		s.wantRefreshTokens(1)
		s.wantLoggedOut(away, "In another browser you chose to log out everywhere else.")
		s.wantRefused("the third browser", s.asPage(further), "logout_everywhere")
		s.wantServed("this browser", s.asPage(here))
	})
}

// TestSessionsByKeyboard opens the list, logs out elsewhere and closes it, with the keyboard alone.
// The focus is never lost.
func TestSessionsByKeyboard(t *testing.T) {
	inEach(t, func(t *testing.T, s *site, b *browser) {
		for range 3 {
			s.logInElsewhere()
		}
		p := s.enterAndLogIn(b)
		p.reload()
		p.see("user-name")
		p.rest()
		list := s.listSessions(p)
		newest, middle, oldest := "session-end-"+list.others[0], "session-end-"+list.others[1], "session-end-"+list.others[2]

		p.tabTo("sessions-open")
		p.press(kb.Enter)
		p.see(oldest)
		p.until("the focus to be in the dialog", `document.activeElement.closest("dialog[open]")`)
		p.tabTo(oldest)
		p.press(kb.Enter)
		p.seeNo(oldest)
		p.until("the focus to be on the entry before", focused(middle))
		p.press(" ")
		p.seeNo(middle)
		p.until("the focus to be on what is left", focused(newest))
		p.tabTo("sessions-end-others")
		p.press(kb.Enter)
		p.see("sessions-end-others-confirm")
		p.press(kb.Enter) // by a double press
		p.press(kb.Escape)
		p.until("the focus to be back", focused("sessions-end-others"))
		p.press(kb.Enter)
		p.tabTo("sessions-end-others-confirm")
		p.press(kb.Enter)
		p.see("sessions-only-here")
		p.until("the focus to be on the heading", `document.activeElement.id === "sessions-title"`)
		p.press(kb.Escape)
		p.seeNo("sessions-list")
		p.until("the focus to be where it came from", focused("sessions-open"))
	})
}

// TestSessionsWhenThisOneHasEnded: the list is opened in a browser that was logged out meanwhile.
// The form appears in place, and the list after it.
func TestSessionsWhenThisOneHasEnded(t *testing.T) {
	inEach(t, func(t *testing.T, s *site, b *browser) {
		away, here := s.logInElsewhere(), s.enterAndLogIn(b)
		away.click("sessions-open")
		away.see("sessions-end-others")
		here.click("sessions-open")
		here.click("session-end-" + s.listSessions(away).current)
		here.see("sessions-only-here")
		here.click("sessions-close")

		away.click("session-end-" + s.listSessions(here).current)
		away.see("login-form")
		away.seeNo("sessions-list")
		away.logIn(s.user.Email, idptest.Password)
		away.see("sessions-only-here") // the request was carried out
		s.wantLoggedOut(here, "You logged this browser out from another one.")
	})
}

// TestSessionsUnavailable: the page says that the list is not available, and retries when told to.
func TestSessionsUnavailable(t *testing.T) {
	inEach(t, func(t *testing.T, s *site, b *browser) {
		p := s.enterAndLogIn(b)
		s.front.answer(func(w http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) })
		p.click("sessions-open")
		p.see("sessions-problem")
		p.untilText("The server can’t be reached.")
		s.front.answer(nil)
		p.clickButton("Try again")
		p.see("sessions-only-here")
		p.seeNo("sessions-problem")
	})
}
