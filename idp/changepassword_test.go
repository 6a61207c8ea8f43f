package idp_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
)

func TestChangePassword(t *testing.T) {
	w := newWorld(t)
	const fresh = "a fresh password"
	token, _ := w.loggedIn()
	must(t, w.RequirePasswordChange(t.Context(), w.user.ID, idp.ChangeBreached))
	w.refresh(token).want(http.StatusOK) // sessions that exist go on
	a := w.login(nil).want(203)
	if a.text("changePasswordReason") != "Breached" {
		t.Errorf("%s", a.body)
	}
	id := a.text("changePasswordId")
	change := func(id string, body object) answer {
		return w.send("POST", "/api/user/change-password/"+id, "application/json", body.String())
	}
	check := func(id string) answer { return w.send("GET", "/api/user/change-password/"+id, "", "") }
	check(id).wantEmpty(http.StatusOK)
	forged := id[:30] + "AAAA" + id[34:]
	check(forged).wantEmpty(http.StatusNotFound)
	change(forged, object{"password": fresh}).wantEmpty(http.StatusNotFound)
	change(id, object{"password": "short"}).wantCode("[tooShort]password")
	change(id, object{"password": fresh, "currentPassword": "wrong"}).wantEmpty(http.StatusNotFound)
	change(id, object{"password": fresh, "currentPassword": idptest.Password}).want(http.StatusOK)

	// It works once, ends the demand, and ends what the old password began.
	check(id).wantEmpty(http.StatusNotFound)
	change(id, object{"password": fresh}).wantEmpty(http.StatusNotFound)
	w.login(nil).wantEmpty(http.StatusNotFound)
	w.login(object{"password": fresh}).want(http.StatusOK)
	if n := len(w.refreshTokens()); n != 1 {
		t.Errorf("%d logins remain, want the new one", n)
	}

	must(t, w.RequirePasswordChange(t.Context(), w.user.ID, idp.ChangeAdministrative))
	id = w.login(object{"password": fresh}).want(203).text("changePasswordId")
	w.clock.advance(10 * time.Minute)
	check(id).wantEmpty(http.StatusNotFound)
	id = w.login(object{"password": fresh}).want(203).text("changePasswordId")
	must(t, w.SetUserActive(t.Context(), w.user.ID, false))
	check(id).wantEmpty(http.StatusNotFound)
	if w.RequirePasswordChange(t.Context(), w.user.ID, "Whim") == nil {
		t.Error("an unknown reason was taken")
	}
}
