package latchkey

import (
	"net/http"

	"github.com/latchkey-dev/latchkey/internal/cookie"
	"github.com/latchkey-dev/latchkey/internal/crossorigin"
	"github.com/latchkey-dev/latchkey/internal/wire"
)

// An origin keeps requests from other origins from using the cookies.
type origin struct {
	*reporter
	own string // Config.Origin
}

// allow responds with 403 cross_origin to a request that may not use the cookies. It reads neither
// the body nor the store.
func (o *origin) allow(w http.ResponseWriter, r *http.Request) bool {
	if o.same(r) {
		return true
	}
	wire.Of(wire.CodeCrossOrigin).Write(w)
	return false
}

// same reports whether a request may use the cookies. If not, it logs why, once a minute: with a
// wrong Config.Origin, the browser shows nothing but 403.
func (o *origin) same(r *http.Request) bool {
	if crossorigin.Same(r.Method, r.Header, o.own, cookie.HasOurs) {
		return true
	}
	if o.once("origin") {
		o.log.WarnContext(r.Context(), "cross-origin request refused", "app", o.app,
			"origin", crossorigin.Legible(r.Header["Origin"]), "want", o.own, "site", crossorigin.Legible(r.Header["Sec-Fetch-Site"]),
			"fix", "if browsers find the app at this origin, set Config.Origin to it (in the file of latchkey serve: host, and the port of listen)")
	}
	return false
}

const maxUserAgent = 256 // bytes

// device returns what a request shows of its browser.
func (c *Config) device(r *http.Request) Device {
	return Device{UserAgent: wire.Shorten(r.UserAgent(), maxUserAgent), IP: c.ClientIP(r)}
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
