package latchkey_test

import (
	"testing"
	"time"
)

// What docs/threat-model.md says of a thief who has the session cookie and nothing else.
func TestThiefOfTheSessionCookie(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		victim, elsewhere := newBrowser(), newBrowser()
		victim.login(w.shop)
		elsewhere.login(w.shop)
		thief := victim.copy(w.shop, sessionCookie)
		thief.get(w.shop, "/api/private").ok(t, false)
		thief.get(w.shop, "/api/sessions").want(t, 200, "", "")
		thief.send(w.shop, "DELETE", "/api/sessions", "").want(t, 204, "", "")
		elsewhere.get(w.shop, "/api/private").want(t, 401, "login_required", "logout_everywhere")

		time.Sleep(time.Hour)
		if got := thief.get(w.shop, "/api/private"); got.status != 401 || got.minted {
			t.Errorf("after the cap: %d, new cookies: %v", got.status, got.minted)
		}
		victim.get(w.shop, "/api/private").ok(t, true)

		thief = victim.copy(w.shop, sessionCookie)
		thief.send(w.shop, "POST", "/api/logout", "{}").want(t, 204, "", "")
		victim.get(w.shop, "/api/private").want(t, 401, "login_required", "logout")
	})
}
