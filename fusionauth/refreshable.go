package fusionauth

import (
	"context"
	"math"
	"net/http"
	"time"

	"github.com/latchkey-dev/latchkey"
)

// What is known about whether the application lets us refresh.
const (
	refreshUnknown int32 = iota
	refreshWorks
	refreshForbidden
)

const tryTimeout = time.Second

// tryRefresh finds out at a login whether the application's settings let us refresh, unless that is
// known. Otherwise every session would end at its first refresh, an hour later, for no visible
// reason. Its request cannot succeed and changes nothing: it asks POST /api/jwt/refresh for a JWT
// that lives longer than the server allows, or POST /oauth2/token to refresh a nonexistent token. A
// server too old to know timeToLiveInSeconds does refresh: then its response is the grant.
func (c *Client) tryRefresh(ctx context.Context, grant latchkey.Grant, device latchkey.Device) latchkey.Grant {
	if c.refreshes.Load() == refreshWorks || !c.trying.TryLock() {
		return grant
	}
	defer c.trying.Unlock()
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	if c.config.ClientSecret != "" {
		c.tryOAuth(ctx, device)
		return grant
	}
	a, err := c.jwtRefresh(ctx, latchkey.Renewal{RefreshToken: grant.RefreshToken, User: grant.User, Device: device}, math.MaxInt32)
	if err != nil {
		return grant
	}
	said := a.apiErrors().FieldErrors
	switch {
	case a.status == http.StatusOK:
		if renewed, err := c.refreshed(a, latchkey.Renewal{RefreshToken: grant.RefreshToken, User: grant.User}); err == nil {
			renewed.User = grant.User
			return renewed
		}
	case a.status == http.StatusBadRequest && len(said["timeToLiveInSeconds"]) > 0:
		c.refreshes.Store(refreshWorks)
	case a.status == http.StatusBadRequest && len(said["refreshToken"]) > 0: // it is new, so the refusal is not about the token
		c.forbidden("set loginConfiguration.allowTokenRefresh, or fusionauth.Config.ClientSecret (client_secret in latchkey.yaml)")
	}
	return grant
}

// tryOAuth tries to refresh a nonexistent token: the server checks first whether we may refresh.
func (c *Client) tryOAuth(ctx context.Context, device latchkey.Device) {
	a, err := c.oauthRefresh(ctx, latchkey.Renewal{RefreshToken: "latchkey-asks-whether-it-may-refresh", Device: device})
	var body oauthError
	if err != nil || a.decode(&body) != nil {
		return
	}
	switch body.Error {
	case "invalid_grant":
		c.refreshes.Store(refreshWorks)
	case "invalid_client":
		c.forbidden("the client secret is not the application's: correct fusionauth.Config.ClientSecret (client_secret in latchkey.yaml)")
	case "unauthorized_client":
		c.forbidden("enable the refresh_token grant in oauthConfiguration.enabledGrants")
	}
}

// forbidden records that the settings forbid refreshing. It logs that once, not at each login.
func (c *Client) forbidden(mend string) {
	if c.refreshes.Swap(refreshForbidden) != refreshForbidden {
		c.config.Logger.Error("the application's settings forbid refreshing, so no session outlives its first hour: "+mend+"; latchkey doctor checks the rest",
			"application", c.config.ApplicationID)
	}
}
