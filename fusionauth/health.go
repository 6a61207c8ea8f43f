package fusionauth

import (
	"context"
	"net/http"
	"time"
)

// trustedFor is how long a server that has worked counts as working.
const trustedFor = time.Minute

func (c *Client) worked() { c.lastWorked.Store(c.now().UnixMilli()) }

func (c *Client) workedLately() bool {
	return c.now().Sub(time.UnixMilli(c.lastWorked.Load())) <= trustedFor
}

// works reports whether the server at our URL works: it gave a good response within the last
// minute, or does so now.
func (c *Client) works(ctx context.Context) bool {
	if c.workedLately() {
		return true
	}
	a, err := c.call(ctx, request{method: http.MethodGet, path: "/api/status"})
	var body struct {
		Status string `json:"status"`
	}
	if err != nil || a.status != http.StatusOK || a.decode(&body) != nil || body.Status != "ok" {
		return false
	}
	c.worked()
	return true
}
