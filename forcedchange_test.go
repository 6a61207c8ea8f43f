package latchkey_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey/idp/idptest"
)

// ASVS V7.4.3: a new password that the login form asked for ends the user's other sessions of the
// app, as one that the user chose to set does.
func TestLogin_forcedPasswordChangeEndsOtherSessions(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		thief, owner := newBrowser(), newBrowser()
		thief.login(w.shop)
		thief.get(w.shop, "/api/private").ok(t, false)
		w.demandNewPassword("Breached")
		time.Sleep(time.Second)
		owner.try(w.shop, "ada@example.com", idptest.Password).want(t, 409, "password_change_required", "")
		body := `{"email":"ada@example.com","password":"` + idptest.Password + `","newPassword":"a new password for a new day"}`
		owner.send(w.shop, "POST", "/api/login", body).want(t, 200, "", "")
		thief.get(w.shop, "/api/private").want(t, 401, "login_required", "password_changed")
		owner.get(w.shop, "/api/private").ok(t, false)

		// Where nobody asked for a new password none is set, and nothing ends.
		second := newBrowser()
		second.send(w.shop, "POST", "/api/login", `{"email":"ada@example.com","password":"a new password for a new day","newPassword":"`+idptest.Password+`"}`).want(t, 200, "", "")
		owner.get(w.shop, "/api/private").ok(t, false)
	})
}

// demandNewPassword has the provider ask Ada for a new password at the next login.
func (w *world) demandNewPassword(reason string) {
	w.Helper()
	r, err := http.NewRequest("PATCH", w.provider.URL+"/api/user/"+w.user.ID, strings.NewReader(`{"user":{"password":"`+idptest.Password+`","passwordChangeReason":"`+reason+`"}}`))
	must(w.T, err)
	r.Header.Set("Authorization", w.provider.APIKey)
	r.Header.Set("Content-Type", "application/json")
	answer, err := w.provider.Client.Do(r)
	must(w.T, err)
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		w.Fatalf("PATCH /api/user: %d", answer.StatusCode)
	}
}
