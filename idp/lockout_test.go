package idp_test

import (
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
)

const lockAction = "9b0c8f3e-5d0e-4b1c-9d2b-0a5f6c7d8e90"

func lockoutWorld(t *testing.T, options ...idptest.Option) *world {
	w := newWorld(t, options...)
	w.keyed("PATCH", "/api/tenant/"+w.user.TenantID, object{"tenant": object{"failedAuthenticationConfiguration": object{
		"userActionId": lockAction, "tooManyAttempts": 3, "resetCountInSeconds": 60, "actionDuration": 2, "actionDurationUnit": "MINUTES",
	}}}.String()).want(http.StatusOK)
	return w
}

func TestLockout(t *testing.T) {
	w := lockoutWorld(t)
	wrong := object{"password": "wrong"}
	for range 3 {
		w.login(wrong).wantEmpty(http.StatusNotFound)
	}
	var body struct {
		Actions []struct {
			ActionID, Name, LocalizedName string
			Expiry                        int64
		}
	}
	// The right password is refused as a wrong one is: the answer does not tell them apart.
	for _, attempt := range []object{nil, wrong} {
		w.login(attempt).want(http.StatusConflict).decode(&body)
		if a := body.Actions; len(a) != 1 || a[0].ActionID != lockAction || a[0].Name == "" || a[0].Expiry != w.clock.now().Add(2*time.Minute).UnixMilli() {
			t.Errorf("actions %+v", a)
		}
	}
	w.clock.advance(2 * time.Minute)
	w.login(nil).want(http.StatusOK)

	// Attempts are forgotten after the window, and after the right password.
	for range 4 {
		w.login(wrong).wantEmpty(http.StatusNotFound)
		w.login(wrong).wantEmpty(http.StatusNotFound)
		w.clock.advance(time.Minute)
	}
	w.login(wrong).wantEmpty(http.StatusNotFound)
	w.login(wrong).wantEmpty(http.StatusNotFound)
	w.login(nil).want(http.StatusOK)
	w.login(wrong).wantEmpty(http.StatusNotFound)
	w.login(nil).want(http.StatusOK)
}

// TestLockoutTellsNothing: a login id that nobody has goes the same way, answer for answer.
func TestLockoutTellsNothing(t *testing.T) {
	w := lockoutWorld(t)
	for i := range 8 {
		real := w.login(object{"password": "wrong"})
		none := w.login(object{"password": "wrong", "loginId": "eve@example.com"})
		if real.status != none.status || real.body != none.body {
			t.Errorf("attempt %d: %d %s, and for nobody %d %s", i, real.status, real.body, none.status, none.body)
		}
		if i == 5 {
			w.clock.advance(2 * time.Minute)
		}
	}
}

// TestLockoutEnds: the owner's way out is a new password by mail.
func TestLockoutEnds(t *testing.T) {
	w := lockoutWorld(t)
	for range 3 {
		w.login(object{"password": "wrong"})
	}
	w.login(nil).want(http.StatusConflict)
	id := w.keyed("POST", "/api/user/forgot-password", object{"loginId": "ada@example.com", "sendForgotPasswordEmail": false}.String()).want(http.StatusOK).text("changePasswordId")
	w.send("POST", "/api/user/change-password/"+id, "application/json", object{"password": anotherPassword}.String()).want(http.StatusOK)
	w.login(object{"password": anotherPassword}).want(http.StatusOK)
}

// TestLockoutCountsCurrentPasswords: the current password of a change is no second way to guess.
func TestLockoutCountsCurrentPasswords(t *testing.T) {
	w := lockoutWorld(t)
	change := func(current string) answer {
		return w.keyed("POST", "/api/user/change-password", object{"loginId": "ada@example.com", "currentPassword": current, "password": anotherPassword}.String())
	}
	for range 3 {
		change("wrong").wantCode("[invalid]currentPassword")
	}
	change(idptest.Password).want(http.StatusConflict)
	w.login(nil).want(http.StatusConflict)
}

func TestLockoutIsOff(t *testing.T) {
	w := newWorld(t)
	for range 10 {
		w.login(object{"password": "wrong"}).wantEmpty(http.StatusNotFound)
	}
	w.login(nil).want(http.StatusOK)
}

func TestLockoutPolicyRefused(t *testing.T) {
	w := newWorld(t)
	for code, policy := range map[string]object{
		"[couldNotConvert]tenant.failedAuthenticationConfiguration.userActionId": {"userActionId": "x"},
		"[invalid]tenant.failedAuthenticationConfiguration.tooManyAttempts":      {"tooManyAttempts": -1},
		"[invalid]tenant.failedAuthenticationConfiguration.actionDurationUnit":   {"actionDurationUnit": "MOONS"},
		"[invalid]tenant.failedAuthenticationConfiguration":                      {"actionDuration": 1e15},
	} {
		w.keyed("PATCH", "/api/tenant/"+w.user.TenantID, object{"tenant": object{"failedAuthenticationConfiguration": policy}}.String()).wantCode(code)
	}
	must(t, w.EnsureTenant(t.Context(), idp.Tenant{Name: "Default"}))
}

// Of many attempts at once no more are checked than the policy allows one after another.
func TestLockoutOfManyAtOnce(t *testing.T) {
	w := lockoutWorld(t)
	var all sync.WaitGroup
	var checked, locked atomic.Int32
	for range 30 {
		all.Go(func() {
			switch w.login(object{"password": "wrong"}).status {
			case http.StatusNotFound:
				checked.Add(1)
			case http.StatusConflict:
				locked.Add(1)
			}
		})
	}
	all.Wait()
	if checked.Load() != 3 || locked.Load() != 27 {
		t.Errorf("%d were checked and %d refused, want 3 and 27", checked.Load(), locked.Load())
	}
}

// Right passwords lock nobody out, however many come at once, and whether there was time to check
// them or not.
func TestLockoutForgivesWhatWasRight(t *testing.T) {
	w := lockoutWorld(t, idptest.WithConfig(func(c *idp.Config) { c.Hash.Workers, c.Hash.Queue = 1, 1 }))
	for range 3 {
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() { w.login(nil) })
		}
		all.Wait()
		w.login(nil).want(http.StatusOK)
	}
}
