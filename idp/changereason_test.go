package idp_test

import (
	"net/http"
	"testing"
)

// TestNewUserWithADemand: however a user is made, the demand for another password is kept.
func TestNewUserWithADemand(t *testing.T) {
	for name, send := range map[string]func(w *world, user object) answer{
		"created": func(w *world, user object) answer {
			return w.keyed("POST", "/api/user", object{"user": user}.String())
		},
		"registered": func(w *world, user object) answer {
			return w.keyed("POST", "/api/user/registration", object{"user": user, "registration": object{"applicationId": w.app.ID}}.String())
		},
		"imported": func(w *world, user object) answer {
			return w.keyed("POST", "/api/user/import", object{"users": []object{user}}.String())
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			const email = "grace@example.com"
			place := "user"
			if name == "imported" {
				place = "users[0]"
			}
			send(w, object{"email": email, "password": newPassword, "passwordChangeReason": "Bogus"}).wantCode("[invalid]" + place + ".passwordChangeReason")
			w.keyed("GET", "/api/user?email="+email, "").wantEmpty(http.StatusNotFound)
			send(w, object{"email": email, "password": newPassword, "passwordChangeRequired": true}).want(http.StatusOK)
			got := w.login(object{"loginId": email, "password": newPassword, "applicationId": nil}).want(203)
			if got.text("changePasswordReason") != "Administrative" {
				t.Errorf("%s", got.body)
			}
		})
	}
}

// TestNewPasswordWithADemand: a call that sets a user's password can still require one that only
// the user knows.
func TestNewPasswordWithADemand(t *testing.T) {
	for _, c := range []struct {
		method, user, want string
	}{
		{"PUT", `{"email":"ada@example.com","password":"` + newPassword + `","passwordChangeRequired":true}`, "Administrative"},
		{"PATCH", `{"password":"` + newPassword + `","passwordChangeReason":"Expired"}`, "Expired"},
		{"PUT", `{"email":"ada@example.com","password":"` + newPassword + `"}`, ""},
	} {
		w := newWorld(t)
		must(t, w.RequirePasswordChange(t.Context(), w.user.ID, "Breached"))
		w.keyed(c.method, "/api/user/"+w.user.ID, `{"user":`+c.user+`}`).want(http.StatusOK)
		status := http.StatusOK
		if c.want != "" {
			status = 203
		}
		got := w.login(object{"password": newPassword}).want(status)
		if c.want != "" && got.text("changePasswordReason") != c.want {
			t.Errorf("%s: %s", c.user, got.body)
		}
	}
}
