package gateway

import "github.com/latchkey-dev/latchkey"

// Guard returns the guard of the app on a host, for work on its sessions other than a browser's
// request, such as an event from the provider. It is nil if there is no such app. The gateway
// closes it.
func (g *Gateway) Guard(host string) *latchkey.Guard {
	name, err := requestHost(host)
	if a := g.apps[name]; err == nil && a != nil {
		return a.guard
	}
	return nil
}
