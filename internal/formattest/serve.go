package formattest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/dbsc/dbsctest"
)

// Serve serves the sessions of the samples, which are in the store, to the browsers that have their
// cookies.
func (s *Samples) Serve(t *testing.T, store latchkey.Store) {
	w := newWorld(t, s, store)
	w.start()
	expect := func(name string, jar Cookies, status int, says string) Cookies {
		t.Helper()
		w.expect(name, w.browser(&jar), status, says)
		return jar
	}
	live := s.Cookies[Live]
	expect("both cookies", live, 200, "user-live")
	expect("the session cookie alone", Cookies{Session: live.Session}, 200, "user-live")
	expect("the refresh cookie alone", Cookies{Refresh: live.Refresh}, 200, "user-live")
	expect("logged out", s.Cookies[Ended], 401, `"endReason":"logout"`)
	expect("began before all ended", s.Cookies[Cut], 401, `"endReason":"revoked_by_admin"`)
	if renewed := expect("claimed by a node that died", s.Cookies[Claimed], 200, "user-claimed"); renewed.Refresh == s.Cookies[Claimed].Refresh {
		t.Error("an expired session was not refreshed")
	}
	w.advance(2 * time.Hour)
	renewed := expect("refreshed", live, 200, "user-live")
	if renewed.Refresh == live.Refresh || renewed.Session == live.Session {
		t.Error("a refresh brought no new cookies")
	}
	w.advance(2 * time.Minute)
	expect("with the new cookies", renewed, 200, "user-live")
	if status, body := w.request(w.browser(&renewed), "POST", "/api/logout", ""); status != 204 {
		t.Errorf("logout: %d %s", status, body)
	}
	expect("after the logout", live, 401, `"endReason":"logout"`)
	s.revoked(t, store)
	if s.Devices != nil {
		s.serveBound(t, store)
	}
}

// expect makes a request. What a handler answers is the id of the user, and whether the session is
// bound.
func (w *world) expect(name string, b *dbsctest.Browser, status int, says string) {
	w.t.Helper()
	got, body := w.request(b, "GET", "/private", "")
	if got != status || status == 200 && body != says || !strings.Contains(body, says) {
		w.t.Errorf("%s: %d %s; want %d and %q", name, got, body, status, says)
	}
}

// revoked waits until the guard has revoked the refresh tokens of all ended sessions.
func (s *Samples) revoked(t *testing.T, store latchkey.Store) {
	for range 1000 {
		left, err := store.Unrevoked(t.Context(), s.App, latchkey.ID{}, 10)
		if err != nil {
			t.Fatal(err)
		}
		if len(left) == 0 {
			return
		}
		<-time.After(10 * time.Millisecond)
	}
	t.Error("a refresh token of an ended session is not revoked")
}

// ServeLost starts a guard whose store has lost everything, with the samples' file of tombstones:
// an ended session stays ended, and another is restored from its refresh cookie.
func (s *Samples) ServeLost(t *testing.T, empty latchkey.Store) {
	w := newWorld(t, s, empty)
	w.config.EndsFile = filepath.Join(t.TempDir(), "ends")
	if err := os.WriteFile(w.config.EndsFile, []byte(s.Ends), 0o600); err != nil {
		t.Fatal(err)
	}
	w.start()
	for name, status := range map[string]int{Ended: 401, Live: 200} {
		jar := s.Cookies[name]
		if got, body := w.request(w.browser(&jar), "GET", "/private", ""); got != status {
			t.Errorf("%s: %d %s; want %d", name, got, body, status)
		}
	}
	if s.Devices != nil {
		w.serveBoundLost(s)
	}
}
