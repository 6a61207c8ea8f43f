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

// apiKey makes the backend's calls in a form that does nothing: a login for a nonexistent user, and
// the revocation of a nonexistent token.
func (x *examination) apiKey(ctx context.Context) bool {
	const check = "api_key"
	if x.APIKey == "" {
		x.found(Skipped, check, "", "no API key to check", "set FUSIONAUTH_API_KEY")
		return false
	}
	nobody := map[string]string{}
	if len(x.Apps) > 0 {
		nobody["applicationId"] = x.Apps[0].ApplicationID // which tells the server the tenant
	}
	login, err := x.ask(ctx, question{method: http.MethodPost, path: "/api/login", key: x.APIKey, json: nobody})
	if err != nil {
		x.found(Problem, check, "", "cannot call POST /api/login: "+err.Error(), mendNetwork)
		return false
	}
	revoke, err := x.ask(ctx, question{method: http.MethodDelete, path: "/api/jwt/refresh/" + uuid.NewString(), key: x.APIKey})
	if err != nil {
		x.found(Problem, check, "", "cannot call DELETE /api/jwt/refresh: "+err.Error(), mendNetwork)
		return false
	}
	mayLogin, mayRevoke := login.status != http.StatusUnauthorized, revoke.status != http.StatusUnauthorized
	switch {
	case login.status == http.StatusBadRequest && strings.Contains(login.codes(), "TenantIdRequired"):
		x.found(Problem, "tenant", "", "the server has several tenants, and needs the id of one", "set the tenant's id (provider.tenant_id), or use an API key of that tenant")
		return false
	case login.status == http.StatusBadRequest && strings.Contains(login.codes(), "TenantId"):
		x.found(Problem, "tenant", "", "the server has no tenant "+x.TenantID, "look up its id under Tenants, or leave it out if there is only one tenant")
		return false
	case !mayLogin && !mayRevoke:
		x.found(Problem, check, "", "the server refuses the API key: it is wrong, belongs to another tenant, or may make neither call", mendKey)
	case !mayLogin:
		x.found(Problem, check, "", "the API key may not POST /api/login: nobody can log in", mendKey)
	case !mayRevoke:
		x.found(Problem, check, "", "the API key may not DELETE /api/jwt/refresh: logout leaves the refresh token alive at the provider", mendKey)
	case login.status != http.StatusBadRequest && login.status != http.StatusNotFound:
		x.found(Problem, check, "", fmt.Sprintf("POST /api/login without a login id answers %d instead of 400: something else answers in the server's place", login.status), "let this backend reach the server itself")
		return false
	default:
		x.found(OK, check, "", "the API key may log users in and revoke refresh tokens", "")
	}
	return mayLogin && mayRevoke
}

// clientSecret tries a refresh with a nonexistent token: the server checks the secret first.
func (x *examination) clientSecret(ctx context.Context, a App) {
	const check = "client_secret"
	if a.ClientSecret == "" || a.ApplicationID == "" {
		return
	}
	r, err := x.ask(ctx, question{method: http.MethodPost, path: "/oauth2/token", form: url.Values{
		"grant_type": {"refresh_token"}, "refresh_token": {"none: latchkey doctor"}, "client_id": {a.ApplicationID}, "client_secret": {string(a.ClientSecret)},
	}})
	if err != nil {
		x.found(Problem, check, a.name(), "cannot call POST /oauth2/token: "+err.Error(), mendNetwork)
		return
	}
	var said struct {
		Error  string `json:"error"`
		Reason string `json:"error_reason"`
	}
	if !r.decode(&said) {
		x.found(Problem, check, a.name(), fmt.Sprintf("POST /oauth2/token answers %d without JSON: something else answers in the server's place", r.status), "let this backend reach the server itself")
		return
	}
	switch said.Error {
	case "invalid_grant":
		x.found(OK, check, a.name(), "the client secret is right", "")
	case "invalid_client":
		x.found(Problem, check, a.name(), "the client secret is wrong: sessions cannot be refreshed", "copy it from the application's OAuth tab, Client secret")
	case "unauthorized_client", "unsupported_grant_type":
		x.found(Problem, check, a.name(), "the application does not accept refresh tokens at /oauth2/token", "enable the Refresh Token grant in the application's OAuth tab")
	default:
		x.found(Problem, check, a.name(), fmt.Sprintf("POST /oauth2/token refuses: %q, %q", said.Error, said.Reason), "check the application's id and its OAuth tab")
	}
}
