package doctor

import (
	"fmt"
	"slices"
	"time"
)

// findings collects what is found about one app.
type findings struct {
	app string
	all []Finding
}

func (f *findings) add(status Status, check, message, mend string) {
	f.all = append(f.all, Finding{status, check, f.app, message, mend})
}

// judgeApplication says what in an application's settings keeps Latchkey from working.
func judgeApplication(a App, app application) []Finding {
	f := findings{app: a.name()}
	login := app.LoginConfiguration
	if !app.Active {
		f.add(Problem, "application_active", "the application is switched off: nobody can log in", "reactivate it under Applications")
	}
	if !login.GenerateRefreshTokens {
		f.add(Problem, "generate_refresh_tokens", "logins get no refresh token, and so no session: every login fails", "switch on loginConfiguration.generateRefreshTokens: the application's Security tab, Login API settings, Generate refresh tokens")
	}
	switch {
	case a.ClientSecret == "" && !login.AllowTokenRefresh:
		f.add(Problem, "allow_token_refresh", "POST /api/jwt/refresh is not allowed: every session ends when its session id expires",
			"switch on loginConfiguration.allowTokenRefresh: the application's Security tab, Login API settings, Enable JWT refresh; or set the client secret, and sessions are refreshed through /oauth2/token")
	case a.ClientSecret != "" && !slices.Contains(app.OAuthConfiguration.EnabledGrants, "refresh_token"):
		f.add(Problem, "refresh_grant", "the refresh_token grant is not enabled: every session ends when its session id expires", "enable the Refresh Token grant in the application's OAuth tab")
	}
	if !login.RequireAuthentication {
		f.add(Warning, "require_authentication", "anybody can log in at the server itself, without an API key, past Latchkey's limits of attempts", "switch on loginConfiguration.requireAuthentication: the application's Security tab, Require an API key")
	}
	if f.all == nil {
		f.add(OK, "application_settings", "the application issues refresh tokens and takes them back", "")
	}
	return f.all
}

// judgeTenant says what in a tenant's settings leaves sessions alive that should end, or tokens refused.
func judgeTenant(a App, t tenant, issuer string) []Finding {
	f := findings{app: a.name()}
	if issuer != "" && issuer != t.Issuer {
		f.add(Problem, "issuer", fmt.Sprintf("the tenant's issuer is %q, and %q is expected: its tokens are refused", t.Issuer, issuer), "set provider.issuer to the first, or leave it out")
	}
	policy := t.JWTConfiguration.RevocationPolicy
	if !policy.OnPasswordChanged {
		f.add(Warning, "revoke_on_password_change", "a changed password leaves refresh tokens alive: whoever stole the old one keeps his sessions", "switch on refreshTokenRevocationPolicy.onPasswordChanged: the tenant's JWT tab, Refresh token settings")
	}
	if !policy.OnLoginPrevented {
		f.add(Warning, "revoke_on_login_prevented", "a user who is kept from logging in keeps the sessions there are", "switch on refreshTokenRevocationPolicy.onLoginPrevented: the tenant's JWT tab, Refresh token settings")
	}
	return f.all
}

// graceWanted is how long a one-time token should stay good after it was used: as long as an answer may be lost and asked for again.
const graceWanted = 30 * time.Second

// judgeLifetimes compares the lives of the server's tokens with those of our sessions.
func judgeLifetimes(a App, c jwtConfiguration, s Session) []Finding {
	f := findings{app: a.name()}
	access, refresh := time.Duration(c.TimeToLiveInSeconds)*time.Second, time.Duration(c.RefreshTokenTimeToLiveInMinutes)*time.Minute
	const where = ": the application's JWT tab, or the tenant's"
	switch {
	case s.RefreshAhead > 0 && s.RefreshAhead >= access/2:
		f.add(Problem, "access_token_lifetime", fmt.Sprintf("a JWT lives %v, and is renewed %v before its end: it would be renewed all the time", access, s.RefreshAhead), "raise timeToLiveInSeconds"+where+", or lower session.refresh_ahead")
	case s.RefreshAhead == 0 && access < s.Cap:
		f.add(Warning, "access_token_lifetime", fmt.Sprintf("a JWT lives %v, a session id up to %v: an app that passes the JWT on passes on expired ones", access, s.Cap), "raise timeToLiveInSeconds to the cap"+where+", or set RefreshAhead")
	case access > 24*time.Hour:
		f.add(Warning, "access_token_lifetime", fmt.Sprintf("a JWT lives %v: nothing revokes one that was stolen", access), "lower timeToLiveInSeconds"+where+"; an hour is enough")
	}
	switch fixed := c.RefreshTokenExpirationPolicy == "Fixed" || c.RefreshTokenExpirationPolicy == ""; {
	case refresh <= s.Cap:
		f.add(Problem, "refresh_token_lifetime", fmt.Sprintf("a refresh token lives %v, a session id up to %v: there is nothing left to refresh with", refresh, s.Cap), "raise refreshTokenTimeToLiveInMinutes"+where)
	case fixed && refresh < s.Absolute:
		f.add(Warning, "refresh_token_lifetime", fmt.Sprintf("refresh tokens live %s from the login (Fixed), however much they are used: people are signed out then, and not after %s", days(refresh), days(s.Absolute)),
			"set refreshTokenExpirationPolicy to SlidingWindowWithMaximumLifetime"+where+"; or set session.absolute to the first, and the sessions end with a reason that says so")
	case !fixed && refresh < s.RefreshTTL:
		f.add(Warning, "refresh_token_lifetime", fmt.Sprintf("a refresh token that is not used lives %s, our cookies %s: who comes back between the two is signed out", days(refresh), days(s.RefreshTTL)), "lower session.refresh_ttl to the first, or raise refreshTokenTimeToLiveInMinutes"+where)
	}
	if most := time.Duration(c.SlidingWindow.MaximumTimeToLiveInMinutes) * time.Minute; c.RefreshTokenExpirationPolicy == "SlidingWindowWithMaximumLifetime" && most < s.Absolute {
		f.add(Warning, "refresh_token_maximum", fmt.Sprintf("refresh tokens live %s at most, our sessions %s", days(most), days(s.Absolute)), "lower session.absolute to the first, or raise maximumTimeToLiveInMinutes"+where)
	}
	grace := time.Duration(c.OneTimeUse.GracePeriodInSeconds) * time.Second
	switch {
	case c.RefreshTokenUsagePolicy != "OneTimeUse":
	case grace == 0:
		f.add(Problem, "one_time_grace", "refresh tokens are for one use, without a grace period: one lost answer of the server signs a user out", "set refreshTokenOneTimeUseConfiguration.gracePeriodInSeconds to 60"+where)
	case grace < graceWanted:
		f.add(Warning, "one_time_grace", fmt.Sprintf("a refresh token is good for %v after its one use: a lost answer that is noticed later signs a user out", grace), "raise refreshTokenOneTimeUseConfiguration.gracePeriodInSeconds to 60"+where)
	}
	if f.all == nil {
		f.add(OK, "lifetimes", "the lives of tokens go well with those of sessions", "")
	}
	return f.all
}

// days writes long times as people do.
func days(d time.Duration) string {
	if d >= 48*time.Hour && d%(24*time.Hour) == 0 {
		return fmt.Sprintf("%d days", d/(24*time.Hour))
	}
	return d.String()
}
