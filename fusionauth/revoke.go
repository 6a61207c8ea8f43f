package fusionauth

import (
	"context"
	"net/http"
	"net/url"
)

// Revoke calls DELETE /api/jwt/refresh/{id}. A token that does not exist is no error.
func (c *Client) Revoke(ctx context.Context, refreshTokenID string) error {
	deletion := request{method: http.MethodDelete, path: "/api/jwt/refresh/" + url.PathEscape(refreshTokenID), authorize: true}
	a, err := c.call(ctx, deletion)
	if err != nil {
		return err
	}
	if a.saysGone() && !c.workedLately() && c.works(ctx) {
		// The 404 may have come from a proxy whose server has come back since.
		if a, err = c.call(ctx, deletion); err != nil {
			return err
		}
	}
	if a.status == http.StatusOK || a.saysGone() && c.workedLately() {
		return nil
	}
	return a.unexpected()
}

// saysGone reports whether a response says that there is no such thing: it has no body. Proxies
// send it too.
func (a answer) saysGone() bool { return a.status == http.StatusNotFound && len(a.body) == 0 }
