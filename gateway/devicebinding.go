package gateway

import (
	"path"
	"strings"
)

// The guard's routes for device-bound sessions, below its base.
const (
	deviceRegister = "/dbsc/register"
	deviceRefresh  = "/dbsc/refresh"
)

// deviceRoute returns the route for device-bound sessions that a path means, or "". It forgives
// what a proxy in front may do to the path, such as doubling a slash: the guard must answer
// whatever comes, because a browser throws its key away if it gets a redirect or a 4xx.
func (a *app) deviceRoute(of string) string {
	route, below := strings.CutPrefix(path.Clean(of), a.base)
	if below && (route == deviceRegister || route == deviceRefresh) {
		return a.base + route
	}
	return ""
}

// bindsDevice reports whether a header is one of device-bound sessions, of today's names or of
// those before. It takes a name in canonical form.
func bindsDevice(name string) bool {
	return strings.HasPrefix(name, "Secure-Session-") || strings.HasPrefix(name, "Sec-Secure-Session-") || strings.HasPrefix(name, "Sec-Session-")
}
