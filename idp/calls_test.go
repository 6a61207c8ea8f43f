package idp_test

import (
	"net/http"
	"testing"
	"time"
)

// TestCallsInTheirOtherForms: the same calls with ids in the path or in the body.
func TestCallsInTheirOtherForms(t *testing.T) {
	w := newWorld(t)
	registration := "/api/user/registration/" + w.user.ID
	roles := func(want string) {
		t.Helper()
		var got struct{ Registration struct{ Roles []string } }
		w.keyed("GET", registration+"/"+w.app.ID, "").want(http.StatusOK).decode(&got)
		if len(got.Registration.Roles) == 0 || got.Registration.Roles[len(got.Registration.Roles)-1] != want {
			t.Errorf("roles %v, want %s last", got.Registration.Roles, want)
		}
	}
	w.keyed("PUT", registration, object{"registration": object{"applicationId": w.app.ID, "roles": []string{"reader"}}}.String()).want(http.StatusOK)
	roles("reader")
	w.keyed("PATCH", registration+"/"+w.app.ID, object{"registration": object{"roles": []string{"writer"}}}.String()).want(http.StatusOK)
	roles("writer")
	w.keyed("DELETE", registration+"?applicationId="+w.app.ID, "").wantEmpty(http.StatusOK)
	w.keyed("GET", registration+"/"+w.app.ID, "").wantEmpty(http.StatusNotFound)

	made := w.keyed("POST", "/api/tenant", `{"tenant":{"name":"third"}}`).want(http.StatusOK)
	var body struct{ Tenant struct{ ID, Name string } }
	made.decode(&body)
	path := "/api/tenant/" + body.Tenant.ID
	w.keyed("PUT", path, `{"tenant":{"name":"Third"}}`).want(http.StatusOK)
	if w.keyed("GET", path, "").want(http.StatusOK).decode(&body); body.Tenant.Name != "Third" {
		t.Errorf("%+v", body)
	}
	if a := w.keyed("GET", "/api/webauthn?userId="+w.user.ID, "").want(http.StatusOK); a.body != `{"credentials":[]}` {
		t.Errorf("passkeys %s", a.body)
	}
}

// TestVerifyEmailByPath: the id of a mail in the path, as the links of older FusionAuths have it.
func TestVerifyEmailByPath(t *testing.T) {
	w := newWorld(t)
	must(t, w.SetUserVerified(t.Context(), w.user.ID, false))
	id := w.keyed("PUT", "/api/user/verify-email?sendVerifyEmail=false&email="+w.user.Email, "").want(http.StatusOK).text("verificationId")
	w.clock.advance(time.Second)
	w.send("POST", "/api/user/verify-email/"+id, "", "").wantEmpty(http.StatusOK)
	if u, err := w.UserByID(t.Context(), w.user.ID); err != nil || !u.Verified {
		t.Errorf("%+v %v", u, err)
	}
}
