package fusionauth

import (
	"context"
	"math"
	"net/http"
	"time"

	"github.com/latchkey-dev/latchkey"
)

// Whether the application lets us refresh, as far as it is known.
const (
	refreshUnknown int32 = iota
	refreshWorks
	refreshForbidden
)

const tryTimeout = time.Second

// tryRefresh finds out at a login whether the application's settings let us refresh, unless that is known: else every session would end at its first refresh, an hour
// later, and nobody would know why. What it asks cannot succeed, and uses nothing up: of POST /api/jwt/refresh a JWT that lives longer than the server allows,
// of POST /oauth2/token a refresh of a token that there is not. A server too old to know timeToLiveInSeconds does refresh: then its answer is the grant.
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
	case a.status == http.StatusBadRequest && len(said["refreshToken"]) > 0: // it has just been issued
		c.forbidden("set loginConfiguration.allowTokenRefresh, or fusionauth.Config.ClientSecret (client_secret in latchkey.yaml)")
	}
	return grant
}

// tryOAuth asks to refresh a token that there is not: who may not refresh hears that first.
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

// forbidden alarms whoever operates this, once.
func (c *Client) forbidden(mend string) {
	if c.refreshes.Swap(refreshForbidden) != refreshForbidden {
		c.config.Logger.Error("the application's settings forbid refreshing: sessions cannot outlive their first hour; "+mend+"; latchkey doctor tells more",
			"application", c.config.ApplicationID)
	}
}
