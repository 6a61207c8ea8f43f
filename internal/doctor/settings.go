package doctor

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/uuid"
)

// The parts of FusionAuth's settings that we read, with FusionAuth's names.
type application struct {
	TenantID           string `json:"tenantId"`
	Name               string `json:"name"`
	Active             bool   `json:"active"`
	LoginConfiguration struct {
		RequireAuthentication bool `json:"requireAuthentication"`
		GenerateRefreshTokens bool `json:"generateRefreshTokens"`
		AllowTokenRefresh     bool `json:"allowTokenRefresh"`
	} `json:"loginConfiguration"`
	OAuthConfiguration struct {
		EnabledGrants []string `json:"enabledGrants"`
	} `json:"oauthConfiguration"`
	JWTConfiguration   jwtConfiguration `json:"jwtConfiguration"`
	EmailConfiguration applicationMails `json:"emailConfiguration"`
}

type tenant struct {
	Name               string           `json:"name"`
	Issuer             string           `json:"issuer"`
	JWTConfiguration   jwtConfiguration `json:"jwtConfiguration"`
	EmailConfiguration tenantMails      `json:"emailConfiguration"`
	EventConfiguration struct {
		Events map[string]struct {
			Enabled         bool   `json:"enabled"`
			TransactionType string `json:"transactionType"`
		} `json:"events"`
	} `json:"eventConfiguration"`
}

type jwtConfiguration struct {
	Enabled                         bool   `json:"enabled"`
	TimeToLiveInSeconds             int64  `json:"timeToLiveInSeconds"`
	RefreshTokenTimeToLiveInMinutes int64  `json:"refreshTokenTimeToLiveInMinutes"`
	RefreshTokenExpirationPolicy    string `json:"refreshTokenExpirationPolicy"`
	RefreshTokenUsagePolicy         string `json:"refreshTokenUsagePolicy"`
	SlidingWindow                   struct {
		MaximumTimeToLiveInMinutes int64 `json:"maximumTimeToLiveInMinutes"`
	} `json:"refreshTokenSlidingWindowConfiguration"`
	OneTimeUse struct {
		GracePeriodInSeconds int64 `json:"gracePeriodInSeconds"`
	} `json:"refreshTokenOneTimeUseConfiguration"`
	RevocationPolicy struct {
		OnLoginPrevented  bool `json:"onLoginPrevented"`
		OnPasswordChanged bool `json:"onPasswordChanged"`
	} `json:"refreshTokenRevocationPolicy"`
}

const mendSettingsKey = "set FUSIONAUTH_SETTINGS_KEY to an API key that may GET /api/application, /api/tenant and /api/webhook; the backend's own key should not"

// read gets settings. It returns false if that fails, after reporting why.
func (x *examination) read(ctx context.Context, check, app, path string, into any) (status int, ok bool) {
	r, err := x.ask(ctx, question{method: http.MethodGet, path: path, key: x.SettingsKey, anyTenant: true})
	switch {
	case err != nil:
		x.found(Problem, check, app, "GET "+path+" failed: "+err.Error(), mendNetwork)
	case r.status == http.StatusUnauthorized:
		x.found(Skipped, check, app, "the API key may not read the settings: not checked", mendSettingsKey)
	case r.status == http.StatusNotFound:
	case r.status != http.StatusOK || !r.decode(into):
		x.found(Skipped, check, app, fmt.Sprintf("GET %s answers %d: settings not checked", path, r.status), "")
	default:
		return r.status, true
	}
	return r.status, false
}

// application checks an application and its tenant.
func (x *examination) application(ctx context.Context, a App) {
	const check = "application"
	if _, err := uuid.Parse(a.ApplicationID); err != nil || len(a.ApplicationID) != 36 {
		x.found(Problem, check, a.name(), fmt.Sprintf("the application id %q is not a UUID", a.ApplicationID), "copy it from FusionAuth: Applications, column Id")
		return
	}
	var body struct {
		Application application `json:"application"`
	}
	status, ok := x.read(ctx, check, a.name(), "/api/application/"+a.ApplicationID, &body)
	if status == http.StatusNotFound {
		x.noApplication(ctx, a)
		return
	}
	if !ok {
		return
	}
	app := body.Application
	if x.TenantID != "" && !strings.EqualFold(app.TenantID, x.TenantID) {
		x.found(Problem, "tenant", a.name(), fmt.Sprintf("the application belongs to tenant %s, not %s: its logins look like wrong passwords", app.TenantID, x.TenantID), "set provider.tenant_id to the first one")
		return
	}
	x.found(OK, check, a.name(), fmt.Sprintf("the server knows the application, as %q", app.Name), "")
	x.findings = append(x.findings, judgeApplication(a, app)...)
	var of struct {
		Tenant tenant `json:"tenant"`
	}
	status, ok = x.read(ctx, "tenant", a.name(), "/api/tenant/"+app.TenantID, &of)
	if status == http.StatusNotFound {
		x.found(Skipped, "tenant", a.name(), "the server does not show the tenant "+app.TenantID, mendSettingsKey)
	}
	if ok {
		x.tenants[app.TenantID] = of.Tenant
		x.findings = append(x.findings, judgeTenant(a, of.Tenant, x.Issuer)...)
		x.findings = append(x.findings, judgeAccounts(a, app, of.Tenant)...)
	}
	switch { // an application's own settings apply if they are enabled, else the tenant's
	case app.JWTConfiguration.Enabled:
		x.findings = append(x.findings, judgeLifetimes(a, app.JWTConfiguration, x.Session)...)
	case ok:
		x.findings = append(x.findings, judgeLifetimes(a, of.Tenant.JWTConfiguration, x.Session)...)
	}
}

// noApplication distinguishes a server that does not have the application from one that shows none
// at all, such as the embedded provider.
func (x *examination) noApplication(ctx context.Context, a App) {
	var list struct {
		Applications []struct{} `json:"applications"`
	}
	status, ok := x.read(ctx, "application", a.name(), "/api/application", &list)
	switch {
	case ok:
		x.found(Problem, "application", a.name(), "the server has no application "+a.ApplicationID, "look up its id under Applications; a key of one tenant sees that tenant only")
	case status == http.StatusNotFound:
		x.found(Skipped, "application", a.name(), "this server does not show its settings: not checked", "use --login-id to try a login")
	}
}
