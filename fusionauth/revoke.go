package fusionauth

import (
	"context"
	"net/http"
	"net/url"
)

// Revoke asks DELETE /api/jwt/refresh/{id}. A token that is gone already is no error.
func (c *Client) Revoke(ctx context.Context, refreshTokenID string) error {
	a, err := c.call(ctx, request{method: http.MethodDelete, path: "/api/jwt/refresh/" + url.PathEscape(refreshTokenID), authorize: true})
	if err != nil {
		return err
	}
	if a.status == http.StatusOK || a.status == http.StatusNotFound && len(a.body) == 0 && c.works(ctx) {
		return nil
	}
	return a.unexpected()
}
