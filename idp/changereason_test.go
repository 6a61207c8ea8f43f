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
