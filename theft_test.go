package latchkey_test

import (
	"testing"
	"testing/synctest"
	"time"
)

// What docs/threat-model.md says of a thief who has the session cookie and nothing else.
func TestTheft_ofTheSessionCookie(t *testing.T) {
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

// 36–40: a stolen refresh cookie with a bad session id. It works once, and then betrays the thief.
func TestTheft_ofTheRefreshCookie(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		victim := newBrowser()
		victim.login(w.shop)
		time.Sleep(2 * time.Minute)
		victim.get(w.shop, "/api/private").ok(t, false)
		thief := victim.copy(w.shop, refreshCookie)
		thief.set(w.shop, sessionCookie, "garbage")
		thief.get(w.shop, "/api/private").ok(t, true)
		var caught bool
		for range 30 { // both go on, a minute between their requests
			time.Sleep(time.Minute)
			one := victim.get(w.shop, "/api/private")
			other := thief.get(w.shop, "/api/private")
			caught = one.status == 401 && other.status == 401
			if caught {
				if one.reason != "reuse_detected" && other.reason != "reuse_detected" {
					t.Errorf("reasons %q and %q", one.reason, other.reason)
				}
				break
			}
		}
		if !caught {
			t.Fatal("two who use one session for half an hour were not noticed")
		}
		thief.get(w.shop, "/api/private").want(t, 401, "login_required", "reuse_detected")
		synctest.Wait()
		if n := w.refreshTokens(); n != 0 {
			t.Error("the stolen refresh token is alive at the provider")
		}
	})
}

// 41–43: a stolen session id alone lives until idle time or cap, and brings nothing back.
func TestTheft_ofASessionID(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		victim := newBrowser()
		victim.login(w.shop)
		thief := victim.copy(w.shop, sessionCookie)
		thief.get(w.shop, "/api/private").ok(t, false)
		for range 4 {
			time.Sleep(14 * time.Minute)
			thief.get(w.shop, "/api/private").ok(t, false)
		}
		time.Sleep(4 * time.Minute) // the cap
		thief.get(w.shop, "/api/private").want(t, 401, "login_required", "")
		victim.get(w.shop, "/api/private").ok(t, true)
		time.Sleep(2 * time.Minute)
		victim.get(w.shop, "/api/private").ok(t, false)
		time.Sleep(3 * time.Minute)
		thief.get(w.shop, "/api/private").want(t, 401, "login_required", "")
		// a session cookie alone never ends the victim's session
		victim.get(w.shop, "/api/private").ok(t, false)
	})
}
