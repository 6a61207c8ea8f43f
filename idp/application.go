package idp

import (
	"fmt"
	"net/url"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
)

// UsagePolicy says whether a refresh token is valid for one refresh or many.
type UsagePolicy string

// ExpirationPolicy says from when the life of a refresh token is counted.
type ExpirationPolicy string

// ClientAuthenticationPolicy says whether /oauth2/token asks for the secret.
type ClientAuthenticationPolicy string

// FusionAuth's values. The first of each is our default.
const (
	OneTimeUse UsagePolicy = "OneTimeUse" // each refresh answers a new token
	Reusable   UsagePolicy = "Reusable"   // each refresh answers the same token

	// from the last refresh, up to a maximum from the login
	SlidingWindowWithMaximumLifetime ExpirationPolicy = "SlidingWindowWithMaximumLifetime"
	// from the last refresh, without end
	SlidingWindow ExpirationPolicy = "SlidingWindow"
	// from the login
	Fixed ExpirationPolicy = "Fixed"

	ClientAuthenticationRequired    ClientAuthenticationPolicy = "Required"
	ClientAuthenticationNotRequired ClientAuthenticationPolicy = "NotRequired" // a public client
)

// Application is a client of the provider, with FusionAuth's names. As there,
// what issues or takes refresh tokens is off until it is switched on.
type Application struct {
	ID       string // UUID; also the OAuth client_id
	TenantID string // empty: the default tenant; cannot change
	Name     string

	// ClientSecret authenticates the application at /oauth2/token. Only a
	// digest is kept. Empty: nobody can authenticate as this application.
	ClientSecret               string
	ClientAuthenticationPolicy ClientAuthenticationPolicy

	// PageURL is the page to which mails send the application's users, such as
	// https://shop.example.com/account. It gets "#verify-email=" or
	// "#reset-password=" and the id. Empty: mails have a code instead of a link.
	PageURL string

	GenerateRefreshTokens bool // logins answer a refresh token
	AllowTokenRefresh     bool // /api/jwt/refresh takes it
	// what /oauth2/token takes: refresh_token, password; nil: refresh_token
	EnabledGrants []string

	AccessTokenTTL     time.Duration // 0: one hour
	RefreshTokenTTL    time.Duration // 0: 30 days
	RefreshTokenMaxTTL time.Duration // 0: 90 days; used by SlidingWindowWithMaximumLifetime only

	// AccessTokenKeyID is the UUID of the key, of /api/key, that signs its JWTs.
	// Empty: the provider's own, which rotates by itself.
	AccessTokenKeyID string

	UsagePolicy      UsagePolicy
	ExpirationPolicy ExpirationPolicy

	// OnOneTimeTokenReuse revokes a login's refresh token when one of its
	// spent predecessors is presented, as RFC 9700 §4.14.2 asks. Otherwise the
	// spent one is only refused and the event logged.
	OnOneTimeTokenReuse bool
}

const grantRefreshToken = "refresh_token"

// supportedGrants are the OAuth grants that there are.
var supportedGrants = []string{grantRefreshToken, grantPassword}

func (a Application) withDefaults() Application {
	if a.ClientAuthenticationPolicy == "" {
		a.ClientAuthenticationPolicy = ClientAuthenticationRequired
	}
	if a.EnabledGrants == nil {
		a.EnabledGrants = []string{grantRefreshToken}
	}
	if a.AccessTokenTTL == 0 {
		a.AccessTokenTTL = defaultAccessTokenTTL
	}
	if a.RefreshTokenTTL == 0 {
		a.RefreshTokenTTL = defaultRefreshTokenTTL
	}
	if a.RefreshTokenMaxTTL == 0 {
		a.RefreshTokenMaxTTL = max(defaultRefreshTokenMax, a.RefreshTokenTTL)
	}
	if a.UsagePolicy == "" {
		a.UsagePolicy = OneTimeUse
	}
	if a.ExpirationPolicy == "" {
		a.ExpirationPolicy = SlidingWindowWithMaximumLifetime
	}
	return a
}

func (a Application) check() error {
	var wrong ValidationError
	bad := func(field, kind, message string) {
		wrong = append(wrong, fusion.Invalid("application."+field, kind, message)...)
	}
	if a.Name == "" {
		bad("name", "blank", "An application needs a name.")
	}
	if !utf8.ValidString(a.Name) || hasNUL(a.Name) {
		bad("name", "invalid", "The name is not text.")
	}
	for _, g := range a.EnabledGrants {
		if !slices.Contains(supportedGrants, g) {
			bad("oauthConfiguration.enabledGrants", "invalid", fmt.Sprintf("The grant %q is not supported, only %q.", g, supportedGrants))
		}
	}
	if a.AccessTokenTTL < time.Second || a.RefreshTokenTTL < time.Second {
		bad("jwtConfiguration", "invalid", "A token lives at least a second.")
	}
	if a.RefreshTokenMaxTTL < a.RefreshTokenTTL {
		bad("jwtConfiguration.refreshTokenSlidingWindowConfiguration", "invalid", "The maximum lifetime is shorter than the sliding one.")
	}
	if !slices.Contains([]UsagePolicy{OneTimeUse, Reusable}, a.UsagePolicy) {
		bad("jwtConfiguration.refreshTokenUsagePolicy", "invalid", "There is no such policy.")
	}
	if !slices.Contains([]ExpirationPolicy{SlidingWindowWithMaximumLifetime, SlidingWindow, Fixed}, a.ExpirationPolicy) {
		bad("jwtConfiguration.refreshTokenExpirationPolicy", "invalid", "There is no such policy.")
	}
	if u, err := url.Parse(a.PageURL); a.PageURL != "" && (err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.Fragment != "") {
		bad("oauthConfiguration.authorizedOriginURLs", "invalid", "This is not the URL of a page.")
	}
	switch a.ClientAuthenticationPolicy {
	case ClientAuthenticationRequired, ClientAuthenticationNotRequired:
	default:
		bad("oauthConfiguration.clientAuthenticationPolicy", "invalid", "There is no such policy.")
	}
	return fusion.OrNil(wrong)
}
