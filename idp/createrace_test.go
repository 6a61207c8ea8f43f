package idp_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/latchkey-dev/latchkey/idp"
)

// TestOneIDForTwoTenants: of two who make an application with one id, one has it, and it stays in
// the tenant where it was made.
func TestOneIDForTwoTenants(t *testing.T) {
	w := newWorld(t)
	key := map[string]string{otherTenant: strings.Repeat("a", 40), w.user.TenantID: strings.Repeat("b", 40)}
	must(t, w.EnsureTenant(t.Context(), idp.Tenant{ID: otherTenant, Name: "other"}))
	for tenant, k := range key {
		must(t, w.EnsureAPIKey(t.Context(), idp.APIKey{Key: k, TenantID: tenant}))
	}
	for range 30 {
		path := "/api/application/" + uuid.NewString()
		create := func(tenant string) func() answer {
			return func() answer {
				return w.keyed("POST", path, object{"application": object{"name": "of " + tenant, "roles": []object{{"name": tenant}}}}.String(), "Authorization", key[tenant])
			}
		}
		statuses := beside(create(otherTenant), create(w.user.TenantID))
		slices.Sort(statuses)
		if got := w.keyed("GET", path, "").app().Application; !slices.Equal(statuses, []int{200, 400}) || got.Name != "of "+got.TenantID {
			t.Fatalf("answers %v, and there is %+v", statuses, got)
		} else if roles := w.roles(got.ID); len(roles) != 1 || roles[0].Name != got.TenantID {
			t.Fatalf("roles %+v of %+v", roles, got)
		}
	}
}

func TestOneIDForTwoNewTenants(t *testing.T) {
	w := newWorld(t)
	for range 30 {
		id := uuid.NewString()
		create := func(name string) func() answer {
			return func() answer {
				return w.keyed("POST", "/api/tenant/"+id, object{"tenant": object{"name": name + id}}.String())
			}
		}
		statuses := beside(create("one"), create("two"))
		if slices.Sort(statuses); !slices.Equal(statuses, []int{200, 400}) {
			t.Fatalf("answers %v", statuses)
		}
	}
}

// TestPutOfADeletedApplication: what was deleted meanwhile does not come back.
func TestPutOfADeletedApplication(t *testing.T) {
	w := newWorld(t)
	app := w.AddApplication(idp.Application{})
	path := "/api/application/" + app.ID
	w.slow("PUT", path, `{"application":{"name":"shop"}}`, func() {
		w.keyed("DELETE", path+"?hardDelete=true", "").wantEmpty(http.StatusOK)
	}).wantEmpty(http.StatusNotFound)
	w.keyed("GET", path, "").wantEmpty(http.StatusNotFound)
}
