package gateway

import "github.com/latchkey-dev/latchkey"

// Guard returns the guard of the app on a host, for what concerns its sessions and is no request of a browser, such as an event of the provider. It is nil
// where there is no such app. The gateway closes it.
func (g *Gateway) Guard(host string) *latchkey.Guard {
	name, err := requestHost(host)
	if a := g.apps[name]; err == nil && a != nil {
		return a.guard
	}
	return nil
}
