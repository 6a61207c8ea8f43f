package idp_test

import (
	"net/http"
	"slices"
	"sync"
	"testing"
)

// beside sends requests at once and returns their statuses.
func beside(requests ...func() answer) []int {
	statuses := make([]int, len(requests))
	var all sync.WaitGroup
	for i, send := range requests {
		all.Go(func() { statuses[i] = send().status })
	}
	all.Wait()
	return statuses
}

func TestPatchBesideUnregister(t *testing.T) {
	w := newWorld(t)
	path := "/api/user/registration/" + w.user.ID + "/" + w.app.ID
	for range 30 {
		must(t, w.Register(t.Context(), w.user.ID, w.app.ID, "user"))
		statuses := beside(
			func() answer { return w.keyed("DELETE", path, "") },
			func() answer { return w.keyed("PATCH", path, `{"registration":{"roles":["admin"]}}`) },
		)
		if a := w.keyed("GET", path, ""); a.status != http.StatusNotFound {
			t.Fatalf("answers %v, and the registration is back: %s", statuses, a.body)
		}
	}
}

func TestPatchesOfRolesAtOnce(t *testing.T) {
	w := newWorld(t)
	path := "/api/user/registration/" + w.user.ID + "/" + w.app.ID
	for range 30 {
		must(t, w.Register(t.Context(), w.user.ID, w.app.ID, "user"))
		statuses := beside(
			func() answer { return w.keyed("PATCH", path, `{"registration":{"roles":["a"]}}`) },
			func() answer { return w.keyed("PATCH", path, `{"registration":{"roles":["b"]}}`) },
		)
		roles := w.keyed("GET", path, "").user().Registration.Roles
		slices.Sort(roles)
		if !slices.Equal(roles, []string{"a", "b", "user"}) {
			t.Fatalf("answers %v, and the roles are %q", statuses, roles)
		}
	}
}

// TestPatchWithoutRoles: a patch that says nothing of roles leaves them.
func TestPatchWithoutRoles(t *testing.T) {
	w := newWorld(t)
	must(t, w.Register(t.Context(), w.user.ID, w.app.ID, "user", "admin"))
	path := "/api/user/registration/" + w.user.ID + "/" + w.app.ID
	for _, c := range []struct {
		contentType, body string
		want              []string
	}{
		{"application/json", `{"registration":{"username":"x"}}`, []string{"user", "admin"}},
		{"application/merge-patch+json", `{"registration":{"username":"x"}}`, []string{"user", "admin"}},
		{"application/merge-patch+json", `{"registration":{"roles":["user"]}}`, []string{"user"}},
		{"application/merge-patch+json", `{"registration":{"roles":null}}`, nil},
		{"application/json-patch+json", `[{"op":"add","path":"/registration/username","value":"x"}]`, nil},
		{"application/json-patch+json", `[{"op":"add","path":"/registration/roles/-","value":"user"}]`, []string{"user"}},
	} {
		got := w.send("PATCH", path, c.contentType, c.body, "Authorization", w.APIKey).user().Registration.Roles
		if !slices.Equal(got, c.want) {
			t.Errorf("%s %s: roles %q, want %q", c.contentType, c.body, got, c.want)
		}
	}
}
