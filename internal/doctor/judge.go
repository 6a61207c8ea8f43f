package doctor

import (
	"fmt"
	"slices"
	"time"
)

// findings collects the findings about one app.
type findings struct {
	app string
	all []Finding
}

func (f *findings) add(status Status, check, message, mend string) {
	f.all = append(f.all, Finding{status, check, f.app, message, mend})
}

// judgeApplication reports settings of an application that keep Latchkey from working.
func judgeApplication(a App, app application) []Finding {
	f := findings{app: a.name()}
	login := app.LoginConfiguration
	if !app.Active {
		f.add(Problem, "application_active", "the application is deactivated: nobody can log in", "reactivate it under Applications")
	}
	if !login.GenerateRefreshTokens {
		f.add(Problem, "generate_refresh_tokens", "logins return no refresh token, so every login fails", "enable loginConfiguration.generateRefreshTokens: the application's Security tab, Login API settings, Generate refresh tokens")
	}
	switch {
	case a.ClientSecret == "" && !login.AllowTokenRefresh:
		f.add(Problem, "allow_token_refresh", "POST /api/jwt/refresh is not allowed: every session ends when its session id expires",
			"enable loginConfiguration.allowTokenRefresh: the application's Security tab, Login API settings, Enable JWT refresh; or set the client secret, and sessions are refreshed through /oauth2/token")
	case a.ClientSecret != "" && !slices.Contains(app.OAuthConfiguration.EnabledGrants, "refresh_token"):
		f.add(Problem, "refresh_grant", "the refresh_token grant is not enabled: every session ends when its session id expires", "enable the Refresh Token grant in the application's OAuth tab")
	}
	if !login.RequireAuthentication {
		f.add(Warning, "require_authentication", "anyone can log in at the server without an API key, bypassing Latchkey's limits on attempts", "enable loginConfiguration.requireAuthentication: the application's Security tab, Require an API key")
	}
	if f.all == nil {
		f.add(OK, "application_settings", "the application issues and accepts refresh tokens", "")
	}
	return f.all
}

// judgeTenant reports settings of a tenant that keep sessions alive that should end, or make tokens
// invalid.
func judgeTenant(a App, t tenant, issuer string) []Finding {
	f := findings{app: a.name()}
	if issuer != "" && issuer != t.Issuer {
		f.add(Problem, "issuer", fmt.Sprintf("the tenant's issuer is %q, but %q is expected: its tokens are refused", t.Issuer, issuer), "set provider.issuer to the tenant's issuer, or leave it out")
	}
	if t.Issuer == "latchkey" { // a FusionAuth's own default is no URL either, but FusionAuth's users know it
		f.add(Warning, "issuer", fmt.Sprintf(unnamedIssuer, t.Issuer), "start latchkey idp with --issuer, or PATCH /api/tenant/{tenantId} with the address at which apps reach the provider")
	}
	policy := t.JWTConfiguration.RevocationPolicy
	if !policy.OnPasswordChanged {
		f.add(Warning, "revoke_on_password_change", "changing a password does not revoke refresh tokens: a thief of the old password keeps their sessions", "enable refreshTokenRevocationPolicy.onPasswordChanged: the tenant's JWT tab, Refresh token settings")
	}
	if !policy.OnLoginPrevented {
		f.add(Warning, "revoke_on_login_prevented", "preventing a user from logging in does not end their sessions", "enable refreshTokenRevocationPolicy.onLoginPrevented: the tenant's JWT tab, Refresh token settings")
	}
	return f.all
}

// graceWanted is how long a one-time token should stay valid after its use: as long as a response
// may be lost and the request repeated.
const graceWanted = 30 * time.Second

// judgeLifetimes compares the lifetimes of the server's tokens with those of our sessions.
func judgeLifetimes(a App, c jwtConfiguration, s Session) []Finding {
	f := findings{app: a.name()}
	access, refresh := time.Duration(c.TimeToLiveInSeconds)*time.Second, time.Duration(c.RefreshTokenTimeToLiveInMinutes)*time.Minute
	const where = ": the application's JWT tab, or the tenant's"
	switch {
	case s.RefreshAhead > 0 && s.RefreshAhead >= access/2:
		f.add(Warning, "access_token_lifetime", fmt.Sprintf("a JWT lives %v, too short to be refreshed %v before its end: it is refreshed after half of it", access, s.RefreshAhead), "raise timeToLiveInSeconds"+where+", or lower session.refresh_ahead")
	case s.RefreshAhead == 0 && access < s.Cap:
		f.add(Warning, "access_token_lifetime", fmt.Sprintf("a JWT lives %v, but a session id up to %v: apps would receive expired JWTs", access, s.Cap), "raise timeToLiveInSeconds to the cap"+where+", or set RefreshAhead")
	case access > 24*time.Hour:
		f.add(Warning, "access_token_lifetime", fmt.Sprintf("a JWT lives %v: a stolen one cannot be revoked", access), "lower timeToLiveInSeconds"+where+"; an hour is enough")
	}
	switch fixed := c.RefreshTokenExpirationPolicy == "Fixed" || c.RefreshTokenExpirationPolicy == ""; {
	case refresh <= s.Cap:
		f.add(Problem, "refresh_token_lifetime", fmt.Sprintf("a refresh token lives %v, but a session id up to %v: it expires before it is needed", refresh, s.Cap), "raise refreshTokenTimeToLiveInMinutes"+where)
	case fixed && refresh < s.Absolute:
		f.add(Warning, "refresh_token_lifetime", fmt.Sprintf("refresh tokens live %s from the login (Fixed), used or not: users are logged out then, not after %s", days(refresh), days(s.Absolute)),
			"set refreshTokenExpirationPolicy to SlidingWindowWithMaximumLifetime"+where+"; or set session.absolute to that time, so that sessions end with a clear reason")
	case !fixed && refresh < s.RefreshTTL:
		f.add(Warning, "refresh_token_lifetime", fmt.Sprintf("an unused refresh token lives %s, but our cookies %s: users who come back in between are logged out", days(refresh), days(s.RefreshTTL)), "lower session.refresh_ttl to the token's lifetime, or raise refreshTokenTimeToLiveInMinutes"+where)
	}
	if most := time.Duration(c.SlidingWindow.MaximumTimeToLiveInMinutes) * time.Minute; c.RefreshTokenExpirationPolicy == "SlidingWindowWithMaximumLifetime" && most < s.Absolute {
		f.add(Warning, "refresh_token_maximum", fmt.Sprintf("refresh tokens live %s at most, but our sessions %s", days(most), days(s.Absolute)), "lower session.absolute to the token's maximum, or raise maximumTimeToLiveInMinutes"+where)
	}
	grace := time.Duration(c.OneTimeUse.GracePeriodInSeconds) * time.Second
	switch {
	case c.RefreshTokenUsagePolicy != "OneTimeUse":
	case grace == 0:
		f.add(Problem, "one_time_grace", "one-time refresh tokens without a grace period: one lost response logs a user out", "set refreshTokenOneTimeUseConfiguration.gracePeriodInSeconds to 60"+where)
	case grace < graceWanted:
		f.add(Warning, "one_time_grace", fmt.Sprintf("one-time refresh tokens with a grace period of %v: a lost response that is noticed later logs a user out", grace), "raise refreshTokenOneTimeUseConfiguration.gracePeriodInSeconds to 60"+where)
	}
	if f.all == nil {
		f.add(OK, "lifetimes", "the lifetimes of tokens fit those of sessions", "")
	}
	return f.all
}

// days formats long times for people.
func days(d time.Duration) string {
	if d >= 48*time.Hour && d%(24*time.Hour) == 0 {
		return fmt.Sprintf("%d days", d/(24*time.Hour))
	}
	return d.String()
}
