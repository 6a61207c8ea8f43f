package latchkey

import (
	"log/slog"
	"net/http"
	"sync"

	"github.com/latchkey-dev/latchkey/internal/clientip"
)

// A peerIsClient is the default of Config.ClientIP. Behind a proxy it takes all browsers for one, and one of them can use up the attempts of all: then it says so, once.
type peerIsClient struct {
	app  string
	log  *slog.Logger
	once sync.Once
}

func (p *peerIsClient) ip(r *http.Request) string {
	if r.Header["X-Forwarded-For"] != nil || r.Header["Forwarded"] != nil {
		p.once.Do(func() {
			p.log.WarnContext(r.Context(), "requests come through a proxy, and all browsers behind it share its limit of failed logins", "app", p.app,
				"fix", "set Config.ClientIP to a function that reads the header which your own proxy sets; without a proxy, ignore this")
		})
	}
	return clientip.Peer(r)
}
