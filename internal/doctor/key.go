package doctor

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/google/uuid"
)

const mendKey = "in FusionAuth, Settings > API Keys: the key needs the endpoints /api/login (POST) and /api/jwt/refresh (DELETE), and no others"

// apiKey asks what the backend asks, in a form that does nothing: a login of nobody, and the revocation of a token that there is not.
func (x *examination) apiKey(ctx context.Context) bool {
	const check = "api_key"
	if x.APIKey == "" {
		x.found(Skipped, check, "", "there is no API key to look at", "set FUSIONAUTH_API_KEY")
		return false
	}
	nobody := map[string]string{}
	if len(x.Apps) > 0 {
		nobody["applicationId"] = x.Apps[0].ApplicationID // from which the server knows the tenant
	}
	login, err := x.ask(ctx, question{method: http.MethodPost, path: "/api/login", key: x.APIKey, json: nobody})
	if err != nil {
		x.found(Problem, check, "", "POST /api/login cannot be asked: "+err.Error(), mendNetwork)
		return false
	}
	revoke, err := x.ask(ctx, question{method: http.MethodDelete, path: "/api/jwt/refresh/" + uuid.NewString(), key: x.APIKey})
	if err != nil {
		x.found(Problem, check, "", "DELETE /api/jwt/refresh cannot be asked: "+err.Error(), mendNetwork)
		return false
	}
	mayLogin, mayRevoke := login.status != http.StatusUnauthorized, revoke.status != http.StatusUnauthorized
	switch {
	case login.status == http.StatusBadRequest && strings.Contains(login.codes(), "TenantIdRequired"):
		x.found(Problem, "tenant", "", "the server has several tenants, and wants to know which one is meant", "set the tenant's id (provider.tenant_id), or use an API key of that tenant")
		return false
	case login.status == http.StatusBadRequest && strings.Contains(login.codes(), "TenantId"):
		x.found(Problem, "tenant", "", "the server knows no tenant "+x.TenantID, "look its id up under Tenants, or leave it out where there is one tenant only")
		return false
	case !mayLogin && !mayRevoke:
		x.found(Problem, check, "", "the server refuses the API key: it is wrong, is of another tenant, or may make neither call", mendKey)
	case !mayLogin:
		x.found(Problem, check, "", "the API key may not POST /api/login: nobody can log in", mendKey)
	case !mayRevoke:
		x.found(Problem, check, "", "the API key may not DELETE /api/jwt/refresh: logout leaves the refresh token alive at the provider", mendKey)
	case login.status != http.StatusBadRequest && login.status != http.StatusNotFound:
		x.found(Problem, check, "", fmt.Sprintf("POST /api/login without a name answers %d and not 400: something else answers in the server's place", login.status), "let this backend through to the server itself")
		return false
	default:
		x.found(OK, check, "", "the API key may log users in and revoke refresh tokens", "")
	}
	return mayLogin && mayRevoke
}

// clientSecret asks for a refresh with a token that there is not: the server looks at the secret first.
func (x *examination) clientSecret(ctx context.Context, a App) {
	const check = "client_secret"
	if a.ClientSecret == "" || a.ApplicationID == "" {
		return
	}
	r, err := x.ask(ctx, question{method: http.MethodPost, path: "/oauth2/token", form: url.Values{
		"grant_type": {"refresh_token"}, "refresh_token": {"none: latchkey doctor"}, "client_id": {a.ApplicationID}, "client_secret": {string(a.ClientSecret)},
	}})
	if err != nil {
		x.found(Problem, check, a.name(), "POST /oauth2/token cannot be asked: "+err.Error(), mendNetwork)
		return
	}
	var said struct {
		Error  string `json:"error"`
		Reason string `json:"error_reason"`
	}
	if !r.decode(&said) {
		x.found(Problem, check, a.name(), fmt.Sprintf("POST /oauth2/token answers %d without JSON: something else answers in the server's place", r.status), "let this backend through to the server itself")
		return
	}
	switch said.Error {
	case "invalid_grant":
		x.found(OK, check, a.name(), "the client secret is right", "")
	case "invalid_client":
		x.found(Problem, check, a.name(), "the client secret is wrong: sessions cannot be refreshed", "copy it from the application's OAuth tab, Client secret")
	case "unauthorized_client", "unsupported_grant_type":
		x.found(Problem, check, a.name(), "the application does not take refresh tokens at /oauth2/token", "enable the Refresh Token grant in the application's OAuth tab")
	default:
		x.found(Problem, check, a.name(), fmt.Sprintf("POST /oauth2/token refuses: %q, %q", said.Error, said.Reason), "look at the application's id and its OAuth tab")
	}
}
