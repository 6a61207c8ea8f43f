package clientip

import (
	"log/slog"
	"net/http"
	"sync"
)

// PeerWithWarning returns Peer, which says once in the log if requests come through a proxy: then
// it takes all browsers behind the proxy for one.
func PeerWithWarning(app string, log *slog.Logger) func(*http.Request) string {
	var once sync.Once
	return func(r *http.Request) string {
		if r.Header["X-Forwarded-For"] != nil || r.Header["Forwarded"] != nil {
			once.Do(func() {
				log.WarnContext(r.Context(), "requests come through a proxy, and all browsers behind it share its limit of failed logins", "app", app,
					"fix", "set Config.ClientIP to a function that reads the header which your own proxy sets; without a proxy, ignore this")
			})
		}
		return Peer(r)
	}
}
