package idp_test

import (
	"net/http"
	"testing"

	"github.com/latchkey-dev/latchkey/idp"
)

// An event says from which address the call came that raised it. One that a Go program raises says
// none.
func TestEvents_addressOfTheCaller(t *testing.T) {
	h := newHearing(t)
	w := newWorldOf(t, idp.Application{OnOneTimeTokenReuse: true}, h.option())
	w.hook("all.test")
	ada, registration := "/api/user/"+w.user.ID, "/api/user/registration/"+w.user.ID+"/"+w.app.ID
	call := func(method, path, body string) answer {
		w.t.Helper()
		return w.keyed(method, path, body).want(http.StatusOK)
	}
	var id string
	for _, c := range []struct {
		name   string
		call   func()
		events int
	}{
		{"create", func() {
			call("POST", "/api/user", `{"user":{"email":"bob@example.com","password":"a passphrase of mine"}}`)
		}, 1},
		{"verify", func() {
			id = call("PUT", "/api/user/verify-email?sendVerifyEmail=false&email=bob@example.com", "").text("verificationId")
			w.send("POST", "/api/user/verify-email", "application/json", object{"verificationId": id}.String()).wantEmpty(http.StatusOK)
		}, 1},
		{"register a new user", func() {
			call("POST", "/api/user/registration", object{"user": object{"email": "eve@example.com", "password": "a passphrase of mine"}, "registration": object{"applicationId": w.app.ID}}.String())
		}, 2},
		{"import", func() {
			call("POST", "/api/user/import", `{"users":[{"email":"dan@example.com","password":"a passphrase of mine"}]}`)
		}, 1},
		{"roles", func() { call("PUT", registration, `{"registration":{"roles":["admin"]}}`) }, 1},
		{"unregister", func() { w.loggedIn(); call("DELETE", registration, "") }, 3},
		{"register", func() {
			call("POST", "/api/user/registration/"+w.user.ID, object{"registration": object{"applicationId": w.app.ID}}.String())
		}, 1},
		{"logout", func() {
			token, _ := w.loggedIn()
			w.send("POST", "/api/logout?refreshToken="+token, "", "").want(http.StatusOK)
		}, 2},
		{"logout everywhere", func() {
			token, _ := w.loggedIn()
			w.send("POST", "/api/logout?global=true&refreshToken="+token, "", "").want(http.StatusOK)
		}, 2},
		{"reuse", func() {
			token, _ := w.loggedIn()
			w.refresh(w.refresh(token).want(http.StatusOK).text("refreshToken")).want(http.StatusOK)
			w.refresh(token).want(http.StatusNotFound)
		}, 2},
		{"revoke one", func() { _, id := w.loggedIn(); call("DELETE", "/api/jwt/refresh/"+id, "") }, 2},
		{"revoke all", func() { w.loggedIn(); call("DELETE", "/api/jwt/refresh?userId="+w.user.ID, "") }, 2},
		{"second factor", func() {
			a := enrolled(w)
			w.keyed("DELETE", "/api/user/two-factor/"+w.user.ID+"?methodId="+a.methodID+"&code="+a.recovery[0], "").want(http.StatusOK)
		}, 2},
		{"change password", func() {
			call("POST", "/api/user/change-password", `{"loginId":"ada@example.com","password":"a passphrase of mine"}`)
		}, 1},
		{"update", func() { call("PATCH", ada, `{"user":{"firstName":"Ada","password":"another passphrase"}}`) }, 2},
		{"deactivate", func() { call("DELETE", ada, "") }, 1},
		{"reactivate", func() { call("PUT", ada+"?reactivate=true", "") }, 1},
		{"delete an application", func() {
			w.login(object{"password": "another passphrase"}).want(http.StatusOK)
			call("DELETE", "/api/application/"+w.app.ID+"?hardDelete=true", "")
		}, 2},
		{"delete", func() { call("DELETE", ada+"?hardDelete=true", "") }, 1},
	} {
		c.call()
		for range c.events {
			if one := h.next(); one.event.Info.IPAddress != "192.0.2.1" {
				t.Errorf("%s: %s from %q", c.name, one.event.Type, one.event.Info.IPAddress)
			}
		}
	}
	w.AddUser("fay@example.com")
	if one := h.next(); one.event.Type != "user.create" || one.event.Info.IPAddress != "" {
		t.Errorf("%s from %q", one.event.Type, one.event.Info.IPAddress)
	}
}
