package e2e_test

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/latchkey-dev/latchkey/idp/idptest"
)

// logInElsewhere logs the user in in one more browser. No other login happens at the same moment:
// the list is in order of use.
func (s *site) logInElsewhere() *tab {
	s.Helper()
	defer s.clock.advance(time.Second)
	return s.enterAndLogIn(newBrowser(s.T))
}

// A sessionList is the backend's list of the user's sessions: the ids, the newest login first.
type sessionList struct {
	current string
	others  []string
}

// listSessions requests the list as the page's own script would.
func (s *site) listSessions(p *tab) (list sessionList) {
	s.Helper()
	var answer struct {
		Sessions []struct {
			ID      string
			Current bool
		}
	}
	if got := p.fetch("/api/sessions"); json.Unmarshal([]byte(got.Body), &answer) != nil || len(answer.Sessions) == 0 {
		s.Fatalf("list sessions: %d %s", got.Status, got.Body)
	}
	for _, session := range answer.Sessions {
		if session.Current {
			list.current = session.ID
		} else {
			list.others = append(list.others, session.ID)
		}
	}
	return list
}

// wantListed waits until the open list has exactly these entries, and only the first is marked as
// this browser and cannot be ended.
func (p *tab) wantListed(current string, others ...string) {
	p.Helper()
	want, err := json.Marshal(append([]string{current + " here"}, others...))
	if err != nil {
		p.Fatal(err)
	}
	p.until("the list to be "+string(want), `JSON.stringify([...document.querySelectorAll('[data-testid="sessions-list"] > li')].map(entry =>
		entry.dataset.testid.slice("session-".length) +
		(entry.innerText.includes("This browser") && entry.ariaCurrent === "true" && !entry.querySelector('[data-testid^="session-end-"]') ? " here" : ""))) === `+"`"+string(want)+"`")
}

// wantEntries fails the test unless the entries say in words what and when.
func (s *site) wantEntries(p *tab, list sessionList) {
	s.Helper()
	for _, id := range append(slices.Clone(list.others), list.current) {
		text := p.text("session-" + id)
		for _, part := range []string{" on Linux", "Last seen ", "Logged in ", " from 127.0.0.1"} {
			if !strings.Contains(text, part) {
				s.Errorf("an entry says %q, without %q", text, part)
			}
		}
		times := read[bool](p, `[...document.querySelectorAll('[data-testid="session-`+id+`"] time')].every(time => Date.parse(time.dateTime) > 0 && time.title)`)
		if !times {
			s.Error("a time is not exact")
		}
	}
}

// said reports whether the dialog has announced the text to screen readers.
func said(text string) string {
	return `document.querySelector('[data-testid="sessions-done"][role="status"]')?.textContent === "` + text + `"`
}

// wantLoggedOut fails the test unless the page says at its next action that it was logged out from
// elsewhere, and continues after a login.
func (s *site) wantLoggedOut(p *tab, reason string) {
	s.Helper()
	p.rememberThisPage()
	s.act(p)
	p.see("login-form")
	if why := p.text("session-ended"); !strings.HasPrefix(why, reason) {
		s.Errorf("the page says %q, want %q", why, reason)
	}
	p.logIn(s.user.Email, idptest.Password)
	s.seeActed(p, 1)
	p.wantThisPage()
}

// wantRefreshTokens waits until the user has this many living refresh tokens for the site at the
// provider.
func (s *site) wantRefreshTokens(n int) {
	s.Helper()
	for deadline := time.Now().Add(patience); len(s.refreshTokens()) != n; {
		if time.Now().After(deadline) {
			s.Fatalf("the user has %d refresh tokens for %s at the provider, want %d", len(s.refreshTokens()), s.name, n)
		}
	}
}

func without(ids []string, id string) []string {
	return slices.DeleteFunc(slices.Clone(ids), func(other string) bool { return other == id })
}
