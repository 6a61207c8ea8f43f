package latchkey

import (
	"net/http"

	"github.com/latchkey-dev/latchkey/internal/crossorigin"
	"github.com/latchkey-dev/latchkey/internal/wire"
)

// allowOrigin answers 403 cross_origin to a request that may not use the cookies. It reads no body
// and no store.
func (g *Guard) allowOrigin(w http.ResponseWriter, r *http.Request) bool {
	if g.sameOrigin(r) {
		return true
	}
	wire.Of(wire.CodeCrossOrigin).Write(w)
	return false
}

// sameOrigin reports whether a request may use the cookies. It logs once a minute what may not: if
// Origin is set wrongly, the browser shows nothing but 403.
func (g *Guard) sameOrigin(r *http.Request) bool {
	if crossorigin.Same(r.Method, r.Header, g.origin, hasOurCookie) {
		return true
	}
	if g.once("origin") {
		g.log.WarnContext(r.Context(), "cross-origin request refused", "app", g.app,
			"origin", crossorigin.Legible(r.Header["Origin"]), "want", g.origin, "site", crossorigin.Legible(r.Header["Sec-Fetch-Site"]),
			"fix", "if browsers find the app at this origin, set Config.Origin to it (in the file of latchkey serve: host, and the port of listen)")
	}
	return false
}

const maxUserAgent = 256 // bytes

// device is what a request shows of its browser.
func (g *Guard) device(r *http.Request) Device {
	return Device{UserAgent: wire.Shorten(r.UserAgent(), maxUserAgent), IP: g.config.ClientIP(r)}
}

func writeUser(w http.ResponseWriter, user User) {
	wire.NoStore(w)
	wire.Write(w, http.StatusOK, struct {
		User User `json:"user"`
	}{user})
}

func noContent(w http.ResponseWriter) {
	wire.NoStore(w)
	w.WriteHeader(http.StatusNoContent)
}
