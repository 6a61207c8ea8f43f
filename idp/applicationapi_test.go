package idp_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
)

type appBody struct {
	Application  appJSON
	Applications []appJSON
}

type appJSON struct {
	ID, TenantID, Name, State string
	Active                    bool
	LoginConfiguration        struct{ GenerateRefreshTokens, AllowTokenRefresh bool }
	OAuthConfiguration        struct {
		ClientID, ClientSecret string
		EnabledGrants          []string
	}
	JWTConfiguration struct {
		TimeToLiveInSeconds, RefreshTokenTimeToLiveInMinutes int
		RefreshTokenUsagePolicy                              string
	}
}

func (a answer) app() (b appBody) {
	a.t.Helper()
	a.want(http.StatusOK)
	a.decode(&b)
	return b
}

func TestApplications(t *testing.T) {
	w := newWorld(t)
	id := uuid.NewString()
	made := w.keyed("POST", "/api/application/"+id, object{"application": object{
		"name": "shop", "loginConfiguration": object{"generateRefreshTokens": true, "allowTokenRefresh": true},
		"oauthConfiguration": object{"enabledGrants": []string{"authorization_code", "refresh_token"}},
		"jwtConfiguration":   object{"timeToLiveInSeconds": 600, "refreshTokenTimeToLiveInMinutes": 60},
	}}.String()).app().Application
	secret := made.OAuthConfiguration.ClientSecret
	if made.ID != id || made.OAuthConfiguration.ClientID != id || !made.Active || len(secret) < 32 || made.JWTConfiguration.TimeToLiveInSeconds != 600 ||
		made.JWTConfiguration.RefreshTokenUsagePolicy != "OneTimeUse" || strings.Join(made.OAuthConfiguration.EnabledGrants, " ") != "refresh_token" {
		t.Errorf("%+v", made)
	}
	must(t, w.Register(t.Context(), w.user.ID, id, "user"))
	login := func() answer { return w.login(object{"applicationId": id}) }
	token := login().want(http.StatusOK).text("refreshToken")
	token = w.exchange(token, "client_id", id, "client_secret", secret).want(http.StatusOK).text("refresh_token")

	path := "/api/application/" + id
	if got := w.keyed("GET", path, "").app().Application; got.Name != "shop" || got.OAuthConfiguration.ClientSecret != "" {
		t.Errorf("%+v", got)
	}
	patched := w.keyed("PATCH", path, `{"application":{"name":"Shop","jwtConfiguration":{"timeToLiveInSeconds":900}}}`).app().Application
	if patched.Name != "Shop" || patched.JWTConfiguration.TimeToLiveInSeconds != 900 || patched.JWTConfiguration.RefreshTokenTimeToLiveInMinutes != 60 || !patched.LoginConfiguration.GenerateRefreshTokens {
		t.Errorf("patched: %+v", patched)
	}
	// the secret is the same
	token = w.exchange(token, "client_id", id, "client_secret", secret).want(http.StatusOK).text("refresh_token")
	if put := w.keyed("PUT", path, `{"application":{"name":"Shop"}}`).app().Application; put.LoginConfiguration.GenerateRefreshTokens || put.JWTConfiguration.TimeToLiveInSeconds != 3600 {
		t.Errorf("what is not sent is not cleared: %+v", put)
	}
	w.keyed("DELETE", path, "").wantEmpty(http.StatusOK)
	login().wantCode("[invalid]applicationId")
	if got := w.keyed("GET", "/api/application?inactive=true", "").app(); len(got.Applications) != 1 || got.Applications[0].ID != id {
		t.Errorf("inactive: %+v", got)
	}
	if got := w.keyed("PUT", path+"?reactivate=true", "").app().Application; !got.Active || got.State != "Active" {
		t.Errorf("%+v", got)
	}
	login().want(http.StatusOK)
	if got := w.keyed("GET", "/api/application", "").app(); len(got.Applications) != 2 {
		t.Errorf("%d applications", len(got.Applications))
	}
	w.keyed("DELETE", path+"?hardDelete=true", "").wantEmpty(http.StatusOK)
	w.keyed("GET", path, "").wantEmpty(http.StatusNotFound)
	w.exchange(token, "client_id", id, "client_secret", secret).want(http.StatusBadRequest)

	for code, body := range map[string]object{
		"[blank]application.name":                                            {},
		"[duplicate]application.id":                                          {"name": "x", "id": w.app.ID},
		"[couldNotConvert]application.id":                                    {"name": "x", "id": "x"},
		"[invalid]application.tenantId":                                      {"name": "x", "tenantId": uuid.NewString()},
		"[invalid]application.oauthConfiguration.enabledGrants":              {"name": "x", "oauthConfiguration": object{"enabledGrants": []string{"trust"}}},
		"[invalid]application.jwtConfiguration":                              {"name": "x", "jwtConfiguration": object{"refreshTokenTimeToLiveInMinutes": 1e12}},
		"[invalid]application.jwtConfiguration.refreshTokenExpirationPolicy": {"name": "x", "jwtConfiguration": object{"refreshTokenExpirationPolicy": "Never"}},
	} {
		w.keyed("POST", "/api/application", object{"application": body}.String()).wantCode(code)
	}
}

func TestTenants(t *testing.T) {
	w := newWorld(t)
	type tenants struct {
		Tenant  struct{ ID, Name, Issuer string }
		Tenants []struct{ Name string }
	}
	var made, all, changed tenants
	w.keyed("POST", "/api/tenant/"+otherTenant, `{"tenant":{"name":"other"}}`).want(http.StatusOK).decode(&made)
	w.keyed("GET", "/api/tenant", "").want(http.StatusOK).decode(&all)
	w.keyed("PATCH", "/api/tenant/"+otherTenant, `{"tenant":{"emailConfiguration":{"unverified":{"behavior":"Gated"}}}}`).want(http.StatusOK).decode(&changed)
	if made.Tenant.ID != otherTenant || made.Tenant.Issuer == "" || len(all.Tenants) != 2 || changed.Tenant.Name != "other" {
		t.Errorf("%+v %+v %+v", made, all, changed)
	}
	w.keyed("PUT", "/api/tenant/"+otherTenant, `{"tenant":{}}`).wantCode("[blank]tenant.name")
	w.keyed("POST", "/api/tenant", `{"tenant":{"name":"other"}}`).wantCode("[duplicate]tenant.name")
	w.keyed("POST", "/api/tenant/"+otherTenant, `{"tenant":{"name":"third"}}`).wantCode("[duplicate]tenant.id")
	confined := strings.Repeat("c", 40)
	must(t, w.EnsureAPIKey(t.Context(), idp.APIKey{Key: confined, TenantID: otherTenant}))
	w.keyed("POST", "/api/tenant", `{"tenant":{"name":"third"}}`, "Authorization", confined).wantEmpty(http.StatusUnauthorized)
	w.keyed("GET", "/api/application/"+w.app.ID, "", "Authorization", confined).wantEmpty(http.StatusNotFound)
	w.keyed("GET", "/api/tenant/"+w.user.TenantID, "", "Authorization", confined).wantEmpty(http.StatusNotFound)
	if got := w.keyed("GET", "/api/application", "", "Authorization", confined).app(); len(got.Applications) != 0 {
		t.Errorf("another tenant's applications are listed: %+v", got)
	}
	if got := w.keyed("POST", "/api/application", `{"application":{"name":"x"}}`, "Authorization", confined).app().Application; got.TenantID != otherTenant {
		t.Errorf("%+v", got)
	}
	w.keyed("POST", "/api/user", object{"user": object{"email": "x@example.com", "password": idptest.Password}}.String(), "Authorization", confined).want(http.StatusOK)
	w.keyed("POST", "/api/user", object{"user": object{"email": "y@example.com", "password": idptest.Password}}.String()).wantCode("[TenantIdRequired]")
}

// TestClientSecretReplaced: the new one opens, the one before does not, and deleting takes the
// tokens along.
func TestClientSecretReplaced(t *testing.T) {
	w := newWorld(t)
	token, _ := w.loggedIn()
	secret, err := w.NewClientSecret(t.Context(), strings.ToUpper(w.app.ID))
	must(t, err)
	w.exchange(token).wantOAuthError(http.StatusUnauthorized, "invalid_client", "invalid_client_authentication")
	w.exchange(token, "client_secret", secret).want(http.StatusOK)
	known, err := w.ApplicationByID(t.Context(), w.app.ID)
	if err != nil || !known.HasClientSecret || !known.Active || known.ClientSecret != "" || known.ClientAuthenticationPolicy != idp.ClientAuthenticationRequired {
		t.Errorf("%+v, %v", known, err)
	}
	if all, err := w.Applications(t.Context()); err != nil || len(all) != 1 || all[0].ID != w.app.ID {
		t.Errorf("%+v, %v", all, err)
	}
	must(t, w.DeleteApplication(t.Context(), w.app.ID))
	w.refresh(token).wantEmpty(http.StatusNotFound)
	for _, err := range []error{w.DeleteApplication(t.Context(), w.app.ID), func() error { _, err := w.NewClientSecret(t.Context(), w.app.ID); return err }()} {
		if !errors.Is(err, idp.ErrNotFound) {
			t.Errorf("error %v, want ErrNotFound", err)
		}
	}
}
