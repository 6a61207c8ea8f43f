package idp

import (
	"slices"
	"time"

	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
)

// applicationJSON is an Application as FusionAuth writes it and reads it. A member that a request
// leaves out is nil, and takes its default.
type applicationJSON struct {
	ID       string `json:"id,omitempty"`
	TenantID string `json:"tenantId,omitempty"`
	Name     string `json:"name,omitempty"`
	Active   *bool  `json:"active,omitempty"`
	State    string `json:"state,omitempty"`
	// read when the application is created; then they have calls of their own
	Roles []role `json:"roles"`

	LoginConfiguration struct {
		GenerateRefreshTokens *bool `json:"generateRefreshTokens,omitempty"`
		AllowTokenRefresh     *bool `json:"allowTokenRefresh,omitempty"`
		RequireAuthentication bool  `json:"requireAuthentication"`
	} `json:"loginConfiguration"`

	OAuthConfiguration struct {
		ClientID                   string                     `json:"clientId,omitempty"`
		ClientSecret               string                     `json:"clientSecret,omitempty"`
		ClientAuthenticationPolicy ClientAuthenticationPolicy `json:"clientAuthenticationPolicy,omitempty"`
		EnabledGrants              []string                   `json:"enabledGrants,omitzero"`
		// the first is where mails link to
		AuthorizedOriginURLs []string `json:"authorizedOriginURLs,omitzero"`
	} `json:"oauthConfiguration"`

	JWTConfiguration struct {
		Enabled                           bool             `json:"enabled"`
		AccessTokenKeyID                  string           `json:"accessTokenKeyId,omitempty"`
		TimeToLiveInSeconds               int64            `json:"timeToLiveInSeconds,omitzero"`
		RefreshTokenTimeToLiveInMinutes   int64            `json:"refreshTokenTimeToLiveInMinutes,omitzero"`
		RefreshTokenUsagePolicy           UsagePolicy      `json:"refreshTokenUsagePolicy,omitempty"`
		RefreshTokenExpirationPolicy      ExpirationPolicy `json:"refreshTokenExpirationPolicy,omitempty"`
		RefreshTokenSlidingWindowSettings struct {
			MaximumTimeToLiveInMinutes int64 `json:"maximumTimeToLiveInMinutes,omitzero"`
		} `json:"refreshTokenSlidingWindowConfiguration"`
		RefreshTokenRevocationPolicy struct {
			OnOneTimeTokenReuse *bool `json:"onOneTimeTokenReuse,omitempty"`
			OnPasswordChanged   bool  `json:"onPasswordChanged"` // always, as the next
			OnLoginPrevented    bool  `json:"onLoginPrevented"`
		} `json:"refreshTokenRevocationPolicy"`
		RefreshTokenOneTimeUseSettings struct {
			// at least: the predecessor is good until its successor is first used
			GracePeriodInSeconds int64 `json:"gracePeriodInSeconds"`
		} `json:"refreshTokenOneTimeUseConfiguration"`
	} `json:"jwtConfiguration"`
}

// fusionAuthGrants are those that a FusionAuth knows. A request may name them; the one that we have
// is switched on.
var fusionAuthGrants = []string{"authorization_code", "implicit", "password", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"}

// settings returns the Application that a request describes. Refresh tokens are off until they are
// switched on, as with FusionAuth.
func (j applicationJSON) settings() (Application, error) {
	a := Application{
		ID: j.ID, TenantID: j.TenantID, Name: j.Name, ClientSecret: j.OAuthConfiguration.ClientSecret, ClientAuthenticationPolicy: j.OAuthConfiguration.ClientAuthenticationPolicy,
		GenerateRefreshTokens: isTrue(j.LoginConfiguration.GenerateRefreshTokens), AllowTokenRefresh: isTrue(j.LoginConfiguration.AllowTokenRefresh),
		AccessTokenTTL: time.Duration(j.JWTConfiguration.TimeToLiveInSeconds) * time.Second, RefreshTokenTTL: time.Duration(j.JWTConfiguration.RefreshTokenTimeToLiveInMinutes) * time.Minute,
		RefreshTokenMaxTTL: time.Duration(j.JWTConfiguration.RefreshTokenSlidingWindowSettings.MaximumTimeToLiveInMinutes) * time.Minute,
		UsagePolicy:        j.JWTConfiguration.RefreshTokenUsagePolicy, ExpirationPolicy: j.JWTConfiguration.RefreshTokenExpirationPolicy,
		AccessTokenKeyID:    j.JWTConfiguration.AccessTokenKeyID,
		OnOneTimeTokenReuse: isTrue(j.JWTConfiguration.RefreshTokenRevocationPolicy.OnOneTimeTokenReuse),
	}
	if origins := j.OAuthConfiguration.AuthorizedOriginURLs; len(origins) > 0 {
		a.PageURL = origins[0]
	}
	const century = 100 * 365 * 24 * time.Hour // more does not fit into a time.Duration before long
	for _, minutes := range []int64{j.JWTConfiguration.TimeToLiveInSeconds / 60, j.JWTConfiguration.RefreshTokenTimeToLiveInMinutes, j.JWTConfiguration.RefreshTokenSlidingWindowSettings.MaximumTimeToLiveInMinutes} {
		if minutes < 0 || minutes > int64(century/time.Minute) {
			return a, fusion.Invalid("application.jwtConfiguration", "invalid", "A token lives for at most a century.")
		}
	}
	if j.OAuthConfiguration.EnabledGrants != nil {
		a.EnabledGrants = []string{}
	}
	for _, grant := range j.OAuthConfiguration.EnabledGrants {
		switch {
		case slices.Contains(supportedGrants, grant):
			if !slices.Contains(a.EnabledGrants, grant) {
				a.EnabledGrants = append(a.EnabledGrants, grant)
			}
		case !slices.Contains(fusionAuthGrants, grant):
			return a, fusion.Invalid("application.oauthConfiguration.enabledGrants", "invalid", "There is no such grant.")
		}
	}
	return a, nil
}

func isTrue(b *bool) bool { return b != nil && *b }

// json is the application as it is shown. The client's secret is no longer known.
func (a application) json() applicationJSON {
	j := applicationJSON{ID: a.ID, TenantID: a.TenantID, Name: a.Name, Active: &a.active, State: "Inactive"}
	if a.active {
		j.State = "Active"
	}
	j.LoginConfiguration.GenerateRefreshTokens, j.LoginConfiguration.AllowTokenRefresh, j.LoginConfiguration.RequireAuthentication = &a.GenerateRefreshTokens, &a.AllowTokenRefresh, true
	j.OAuthConfiguration.ClientID, j.OAuthConfiguration.ClientAuthenticationPolicy, j.OAuthConfiguration.EnabledGrants = a.ID, a.ClientAuthenticationPolicy, a.EnabledGrants
	if a.PageURL != "" {
		j.OAuthConfiguration.AuthorizedOriginURLs = []string{a.PageURL}
	}
	jwt := &j.JWTConfiguration
	jwt.AccessTokenKeyID = a.AccessTokenKeyID
	jwt.Enabled, jwt.TimeToLiveInSeconds, jwt.RefreshTokenTimeToLiveInMinutes = true, int64(a.AccessTokenTTL/time.Second), minutes(a.RefreshTokenTTL)
	jwt.RefreshTokenUsagePolicy, jwt.RefreshTokenExpirationPolicy = a.UsagePolicy, a.ExpirationPolicy
	jwt.RefreshTokenSlidingWindowSettings.MaximumTimeToLiveInMinutes = minutes(a.RefreshTokenMaxTTL)
	jwt.RefreshTokenRevocationPolicy.OnOneTimeTokenReuse = &a.OnOneTimeTokenReuse
	jwt.RefreshTokenRevocationPolicy.OnPasswordChanged, jwt.RefreshTokenRevocationPolicy.OnLoginPrevented = true, true
	jwt.RefreshTokenOneTimeUseSettings.GracePeriodInSeconds = 60
	return j
}

// minutes rounds up: nothing is shown as if it did not last at all.
func minutes(d time.Duration) int64 { return int64((d + time.Minute - 1) / time.Minute) }

// patchable is what a patch is merged into: the application as it is shown, but without the
// lifetimes that are no whole minutes. Those are odd.
func (a application) patchable() (j applicationJSON, odd Application) {
	j = a.json()
	if a.RefreshTokenTTL%time.Minute != 0 {
		odd.RefreshTokenTTL, j.JWTConfiguration.RefreshTokenTimeToLiveInMinutes = a.RefreshTokenTTL, 0
	}
	if a.RefreshTokenMaxTTL%time.Minute != 0 {
		odd.RefreshTokenMaxTTL, j.JWTConfiguration.RefreshTokenSlidingWindowSettings.MaximumTimeToLiveInMinutes = a.RefreshTokenMaxTTL, 0
	}
	return j, odd
}
