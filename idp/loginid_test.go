package idp_test

import (
	"net/http"
	"testing"

	"github.com/google/uuid"

	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
)

// White space around a login id is nobody's: accounts are made without it, and found with it.
func TestLoginIDsAreTrimmed(t *testing.T) {
	w := newWorld(t)
	const password = idptest.Password
	register := func(id string) answer {
		body := object{"registration": object{"applicationId": w.app.ID}, "user": object{"email": id, "password": password}}
		return w.keyed("POST", "/api/user/registration", body.String())
	}
	made := map[string]func(id string) answer{
		"registration@example.com": register,
		"user@example.com": func(id string) answer {
			return w.keyed("POST", "/api/user", object{"user": object{"email": id, "username": " Ada of user@example.com ", "password": password}}.String())
		},
		"import@example.com": func(id string) answer {
			return w.keyed("POST", "/api/user/import", object{"users": []object{{"email": id, "password": password}}}.String())
		},
		"put@example.com": func(id string) answer {
			return w.keyed("PUT", "/api/user/"+w.AddUser("before@example.com").ID, object{"user": object{"email": id}}.String())
		},
		"patch@example.com": func(id string) answer {
			return w.keyed("PATCH", "/api/user/"+w.AddUser("earlier@example.com").ID, object{"user": object{"email": id}}.String())
		},
		"go@example.com": func(id string) answer {
			_, err := w.CreateUser(t.Context(), idp.NewUser{ID: uuid.NewString(), Email: id, Password: password})
			must(t, err)
			return answer{t: t, status: http.StatusOK, header: http.Header{"Cache-Control": {"no-store"}}}
		},
	}
	for id, make := range made {
		make(" " + id + "\u3000\n").want(http.StatusOK)
		for _, typed := range []string{id, "\t" + id + " ", id + "\u00a0"} {
			if u, err := w.UserByLoginID(t.Context(), typed); err != nil || u.Email != id {
				t.Errorf("%q: %q, %v", typed, u.Email, err)
			}
			w.login(object{"loginId": typed, "applicationId": nil}).want(http.StatusOK)
		}
	}
	register(" registration@example.com").wantCode("[duplicate]user.email")
	w.login(object{"loginId": "ada of user@example.com", "applicationId": nil}).want(http.StatusOK)
	w.login(object{"loginId": "ada of user@example.com\n.", "applicationId": nil}).want(http.StatusNotFound)
	register(" \n").wantCode("[blank]user.email")
}
