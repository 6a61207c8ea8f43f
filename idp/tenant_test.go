package idp_test

import (
	"net/http"
	"testing"

	"github.com/google/uuid"

	"github.com/latchkey-dev/latchkey/idp"
)

const tenantHeader = "X-FusionAuth-TenantId"

// TestARC10_TenantsDoNotMix: what belongs to one tenant is unknown to another,
// in the very words in which the unknown is unknown.
func TestARC10_TenantsDoNotMix(t *testing.T) {
	w := newWorld(t)
	ctx, here, there := t.Context(), w.user.TenantID, uuid.NewString()
	must(t, w.EnsureTenant(ctx, idp.Tenant{ID: there, Name: "There"}))
	app := w.AddApplication(idp.Application{TenantID: there})
	twin, err := w.CreateUser(ctx, idp.NewUser{TenantID: there, Email: "ada@example.com", Password: "another password"})
	must(t, err)
	must(t, w.Register(ctx, twin.ID, app.ID))
	if w.Register(ctx, w.user.ID, app.ID) == nil {
		t.Error("a user was registered in another tenant's application")
	}
	boundKey := uuid.NewString()
	must(t, w.EnsureAPIKey(ctx, idp.APIKey{Key: boundKey, TenantID: there}))

	// Whose password is right where.
	w.login(nil).want(http.StatusOK)
	w.login(object{"applicationId": app.ID}).wantEmpty(http.StatusNotFound)
	w.login(object{"applicationId": app.ID, "password": "another password"}).want(http.StatusOK)
	w.login(object{"applicationId": nil}).wantCode("[TenantIdRequired]")
	w.login(object{"applicationId": nil}, tenantHeader, here).want(http.StatusOK)
	w.login(object{"applicationId": nil}, tenantHeader, there).wantEmpty(http.StatusNotFound)

	// A request confined to there sees nothing of here.
	token, id := w.loggedIn()
	for _, confined := range [][]string{{tenantHeader, there}, {"Authorization", boundKey}} {
		w.login(nil, confined...).wantCode("[invalid]applicationId")
		w.keyed("GET", "/api/user/"+w.user.ID, "", confined...).wantEmpty(http.StatusNotFound)
		w.keyed("GET", "/api/user/"+twin.ID, "", confined...).want(http.StatusOK)
		w.keyed("GET", "/api/jwt/refresh/"+id, "", confined...).wantEmpty(http.StatusNotFound)
		if n := len(w.refreshTokens(confined...)); n != 0 {
			t.Errorf("%d refresh tokens of another tenant are listed", n)
		}
		w.keyed("DELETE", "/api/jwt/refresh/"+id, "", confined...).wantEmpty(http.StatusNotFound)
		w.keyed("DELETE", "/api/jwt/refresh?userId="+w.user.ID, "", confined...).wantEmpty(http.StatusOK)
	}
	w.refresh(token, tenantHeader, there).wantCode("[invalid]refreshToken")
	token = w.refresh(token, tenantHeader, here).want(http.StatusOK).text("refreshToken")
	w.exchange(token, "tenantId", there).wantOAuthError(http.StatusBadRequest, "invalid_grant", "refresh_token_not_found")

	// A header that names no tenant.
	w.login(nil, tenantHeader, uuid.NewString()).wantCode("[invalid]")
	w.refresh(token, tenantHeader, uuid.NewString()).wantCode("[invalid]")
	w.login(nil, tenantHeader, "x").wantCode("[couldNotConvert]" + tenantHeader)
	w.keyed("GET", "/api/user/"+twin.ID, "", "Authorization", boundKey, tenantHeader, here).wantEmpty(http.StatusUnauthorized)
	w.refresh(token).want(http.StatusOK)
}

func TestEnsureTenantRefuses(t *testing.T) {
	w := newWorld(t)
	for code, tenant := range map[string]idp.Tenant{
		"[blank]tenant.name":                                     {},
		"[couldNotConvert]tenant.id":                             {ID: "x", Name: "x"},
		"[duplicate]tenant.name":                                 {ID: uuid.NewString(), Name: "Default"},
		"[invalid]tenant.emailConfiguration.unverified.behavior": {Name: "x", UnverifiedBehavior: "Sometimes"},
	} {
		err := w.EnsureTenant(t.Context(), tenant)
		if wrong, ok := err.(idp.ValidationError); !ok || len(wrong) != 1 || wrong[0].Code() != code {
			t.Errorf("error %v, want %s", err, code)
		}
	}
	must(t, w.EnsureTenant(t.Context(), idp.Tenant{Name: "Renamed"}))
	if d, err := w.DefaultTenant(t.Context()); err != nil || d.Name != "Renamed" || d.ID != w.user.TenantID {
		t.Errorf("%+v, %v", d, err)
	}
}

// TestOAU14_KeysOpenOnlyWhatTheyList.
func TestOAU14_KeysOpenOnlyWhatTheyList(t *testing.T) {
	w := newWorld(t)
	_, id := w.loggedIn()
	narrow := uuid.NewString()
	must(t, w.EnsureAPIKey(t.Context(), idp.APIKey{Key: narrow, Endpoints: map[string][]string{"/api/login": {"POST"}, "/api/jwt/refresh": {"GET"}}}))
	w.login(nil, "Authorization", narrow).want(http.StatusOK)
	w.keyed("GET", "/api/jwt/refresh/"+id, "", "Authorization", narrow).want(http.StatusOK)
	w.keyed("DELETE", "/api/jwt/refresh/"+id, "", "Authorization", narrow).wantEmpty(http.StatusUnauthorized)
	w.keyed("GET", "/api/user/"+w.user.ID, "", "Authorization", narrow).wantEmpty(http.StatusUnauthorized)
	must(t, w.EnsureAPIKey(t.Context(), idp.APIKey{Key: narrow}))
	w.keyed("GET", "/api/user/"+w.user.ID, "", "Authorization", narrow).want(http.StatusOK)
	if w.EnsureAPIKey(t.Context(), idp.APIKey{Key: "short"}) == nil {
		t.Error("a short key was taken")
	}
	if w.EnsureAPIKey(t.Context(), idp.APIKey{Key: uuid.NewString(), TenantID: uuid.NewString()}) == nil {
		t.Error("a key of an unknown tenant was taken")
	}
}
