package gateway

import (
	"cmp"
	"path"
	"strings"
	"time"

	"github.com/latchkey-dev/latchkey"
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

// longestStreams returns how long a stream of a session may live, and how long one of a session
// that is bound to a device. The second is as long as a proof of the device is good, counted for
// each stream from its request: otherwise proofs of the user would keep open what a thief of the
// cookies has opened.
func longestStreams(c latchkey.Config) (unbound, bound time.Duration) {
	unbound = cmp.Or(c.SessionCap, time.Hour)
	switch c.DeviceBinding {
	case latchkey.DeviceBindingOff, latchkey.DeviceBindingWatch:
		return unbound, unbound // nothing asks for a proof
	}
	return unbound, min(unbound, cmp.Or(c.DeviceProofLifetime, 12*time.Minute))
}
