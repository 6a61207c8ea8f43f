package fusionauth

import (
	"context"
	"net/http"
	"net/url"
)

// Revoke asks DELETE /api/jwt/refresh/{id}. A token that is gone already is no error.
func (c *Client) Revoke(ctx context.Context, refreshTokenID string) error {
	deletion := request{method: http.MethodDelete, path: "/api/jwt/refresh/" + url.PathEscape(refreshTokenID), authorize: true}
	a, err := c.call(ctx, deletion)
	if err != nil {
		return err
	}
	if a.saysGone() && !c.workedLately() && c.works(ctx) {
		// What said so may have been a proxy whose server has come back since.
		if a, err = c.call(ctx, deletion); err != nil {
			return err
		}
	}
	if a.status == http.StatusOK || a.saysGone() && c.workedLately() {
		return nil
	}
	return a.unexpected()
}

// saysGone is how a server says that there is no such thing: it has no body. Proxies say it, too.
func (a answer) saysGone() bool { return a.status == http.StatusNotFound && len(a.body) == 0 }
