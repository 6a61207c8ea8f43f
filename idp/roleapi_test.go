package idp_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
)

type roleJSON struct {
	ID, Name, Description  string
	IsDefault, IsSuperRole bool
}

// roles returns those of an application.
func (w *world) roles(applicationID string) []roleJSON {
	w.t.Helper()
	var body struct{ Application struct{ Roles []roleJSON } }
	w.keyed("GET", "/api/application/"+applicationID, "").want(http.StatusOK).decode(&body)
	return body.Application.Roles
}

// rolesOf returns those of ada's registration.
func (w *world) rolesOf(applicationID string) []string {
	w.t.Helper()
	var body struct{ Registration struct{ Roles []string } }
	w.keyed("GET", "/api/user/registration/"+w.user.ID+"/"+applicationID, "").want(http.StatusOK).decode(&body)
	return body.Registration.Roles
}

func TestRoles(t *testing.T) {
	w := newWorld(t)
	id := uuid.NewString()
	path, role := "/api/application/"+id, "/api/application/"+id+"/role"
	w.keyed("POST", path, `{"application":{"name":"forums","roles":[{"name":"writer","description":"writes"},{"name":"reader","isDefault":true},{"name":"admin","isSuperRole":true}]}}`).want(http.StatusOK)
	all := w.roles(id)
	if len(all) != 3 || all[0].Name != "admin" || !all[0].IsSuperRole || all[1].Name != "reader" || !all[1].IsDefault || all[2].Description != "writes" {
		t.Fatalf("%+v", all)
	}
	w.keyed("PUT", path, `{"application":{"name":"Forums","roles":[]}}`).want(http.StatusOK)
	if got := w.roles(id); !slices.Equal(got, all) {
		t.Errorf("a PUT of the application has changed its roles: %+v", got)
	}

	made := uuid.NewString()
	w.keyed("POST", role+"/"+made, `{"role":{"name":"moderator"}}`).want(http.StatusOK)
	w.keyed("POST", role, `{"role":{"name":"moderator"}}`).wantCode("[duplicate]role.name")
	w.keyed("POST", role+"/"+made, `{"role":{"name":"other"}}`).wantCode("[duplicate]role.id")
	w.keyed("POST", role, `{"role":{"name":" "}}`).wantCode("[blank]role.name")
	w.keyed("POST", role, `{"role":{"name":"`+strings.Repeat("x", 256)+`"}}`).wantCode("[tooLong]role")
	w.keyed("POST", role, `{"role":{"name":"a\u0000b"}}`).wantCode("[invalid]role.name")
	w.keyed("POST", "/api/application", `{"application":{"name":"a\u0000b"}}`).wantCode("[invalid]application.name")
	w.keyed("POST", role+"/x", `{"role":{"name":"other"}}`).wantCode("[couldNotConvert]role.id")
	w.keyed("PUT", role+"/"+made, `{"role":{"name":"reader"}}`).wantCode("[duplicate]role.name")
	w.keyed("PUT", role+"/"+uuid.NewString(), `{"role":{"name":"x"}}`).wantEmpty(http.StatusNotFound)
	w.keyed("PUT", "/api/application/"+w.app.ID+"/role/"+made, `{"role":{"name":"x"}}`).wantEmpty(http.StatusNotFound)

	must(t, w.Register(t.Context(), w.user.ID, id, "moderator", "writer"))
	w.keyed("PUT", role+"/"+made, `{"role":{"name":"keeper","isDefault":true}}`).want(http.StatusOK)
	if got := w.rolesOf(id); !slices.Equal(got, []string{"writer", "keeper"}) {
		t.Errorf("after the role was renamed: %v", got)
	}
	w.keyed("PATCH", role+"/"+made, `{"role":{"isDefault":false}}`).want(http.StatusOK)
	w.keyed("DELETE", role+"?name=writer", "").wantEmpty(http.StatusOK)
	w.keyed("DELETE", role+"?name=writer", "").wantEmpty(http.StatusNotFound)
	w.keyed("DELETE", role, "").wantCode("[blank]name")
	if got := w.rolesOf(id); !slices.Equal(got, []string{"keeper"}) {
		t.Errorf("after a role was deleted: %v", got)
	}
	w.keyed("DELETE", role+"/"+made, "").wantEmpty(http.StatusOK)
	if got := w.rolesOf(id); len(got) != 0 || len(w.roles(id)) != 2 {
		t.Errorf("%v, %+v", got, w.roles(id))
	}

	for code, roles := range map[string]string{
		"[blank]application.roles[1].name":     `[{"name":"a"},{}]`,
		"[duplicate]application.roles[1].name": `[{"name":"a"},{"name":"a"}]`,
	} {
		other := uuid.NewString()
		w.keyed("POST", "/api/application/"+other, `{"application":{"name":"x","roles":`+roles+`}}`).wantCode(code)
		w.keyed("GET", "/api/application/"+other, "").wantEmpty(http.StatusNotFound)
	}
	reader := strings.Repeat("r", 40)
	must(t, w.EnsureAPIKey(t.Context(), idp.APIKey{Key: reader, Endpoints: map[string][]string{"/api/application": {"POST"}}}))
	w.keyed("POST", role, `{"role":{"name":"x"}}`, "Authorization", reader).wantEmpty(http.StatusUnauthorized)
}

// TestRolesOfRegistrations: an application with roles gives no others, and the default ones to
// those who name none.
func TestRolesOfRegistrations(t *testing.T) {
	w := newWorld(t)
	id := uuid.NewString()
	w.keyed("POST", "/api/application/"+id, `{"application":{"name":"forums","roles":[{"name":"writer"},{"name":"reader","isDefault":true},{"name":"guest","isDefault":true}]}}`).want(http.StatusOK)
	registration := "/api/user/registration/" + w.user.ID
	body := func(roles ...string) string {
		return object{"registration": object{"applicationId": id, "roles": roles}}.String()
	}
	want := func(roles ...string) {
		t.Helper()
		if got := w.rolesOf(id); !slices.Equal(got, roles) {
			t.Errorf("roles %v, want %v", got, roles)
		}
	}
	w.keyed("POST", registration, body("reader", "king")).wantCode("[invalid]registration.roles")
	w.keyed("POST", registration, body()).want(http.StatusOK)
	want("guest", "reader")
	w.keyed("PUT", registration, body("writer")).want(http.StatusOK)
	w.keyed("PUT", registration, body("king")).wantCode("[invalid]registration.roles")
	w.keyed("PATCH", registration, body("king")).wantCode("[invalid]registration.roles")
	w.keyed("PATCH", registration+"/"+strings.ToUpper(id), body("king")).wantCode("[invalid]registration.roles")
	want("writer")
	w.keyed("PATCH", registration, body("reader")).want(http.StatusOK)
	want("writer", "reader")
	w.keyed("PUT", registration, body()).want(http.StatusOK)
	want()

	newUser := func(email string, roles ...string) answer {
		return w.keyed("POST", "/api/user/registration", object{"user": object{"email": email, "password": idptest.Password}, "registration": object{"applicationId": id, "roles": roles}}.String())
	}
	newUser("bea@example.com", "king").wantCode("[invalid]registration.roles")
	w.keyed("GET", "/api/user?email=bea@example.com", "").wantEmpty(http.StatusNotFound)
	newUser("bea@example.com").want(http.StatusOK)
	imported := func(role string) answer {
		return w.keyed("POST", "/api/user/import", fmt.Sprintf(`{"users":[{"email":"cy@example.com","password":%q,"registrations":[{"applicationId":%q,"roles":[%q]}]}]}`, idptest.Password, id, role))
	}
	imported("king").wantCode("[invalid]users[0].registrations.roles")
	imported("reader").wantEmpty(http.StatusOK)
	if err := w.Register(t.Context(), w.user.ID, id, "king"); err == nil {
		t.Error("Register takes an unknown role")
	}

	// Free words of before stay until they are taken away.
	must(t, w.Register(t.Context(), w.user.ID, w.app.ID, "anything"))
	w.keyed("POST", "/api/application/"+w.app.ID+"/role", `{"role":{"name":"reader"}}`).want(http.StatusOK)
	w.keyed("PATCH", registration, object{"registration": object{"applicationId": w.app.ID, "roles": []string{"reader"}}}.String()).want(http.StatusOK)
	if got := w.rolesOf(w.app.ID); !slices.Equal(got, []string{"anything", "reader"}) {
		t.Errorf("%v", got)
	}
	must(t, w.Register(t.Context(), w.user.ID, w.app.ID, "reader"))
	if err := w.Register(t.Context(), w.user.ID, w.app.ID, "anything"); err == nil {
		t.Error("a free word comes back")
	}
}

// TestRoleDeletedMeanwhile: a user who is given a role while it is deleted does not keep it.
func TestRoleDeletedMeanwhile(t *testing.T) {
	w := newWorld(t)
	id := uuid.NewString()
	role := "/api/application/" + id + "/role"
	w.keyed("POST", "/api/application/"+id, `{"application":{"name":"forums","roles":[{"name":"reader"}]}}`).want(http.StatusOK)
	for range 20 {
		w.keyed("POST", role, `{"role":{"name":"writer"}}`).want(http.StatusOK)
		registered := make(chan error)
		go func() { registered <- w.Register(t.Context(), w.user.ID, id, "writer") }()
		w.keyed("DELETE", role+"?name=writer", "").wantEmpty(http.StatusOK)
		var bad idp.ValidationError
		if err := <-registered; err != nil && !errors.As(err, &bad) {
			t.Fatal(err)
		} else if err == nil && len(w.rolesOf(id)) != 0 {
			t.Fatalf("the registration has %v", w.rolesOf(id))
		}
	}
}
