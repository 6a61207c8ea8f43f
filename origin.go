package latchkey

import (
	"net/http"
	"strings"

	"github.com/latchkey-dev/latchkey/internal/wire"
)

// sameOrigin tells whether a request may use the cookies. It reads no body and no store.
//
// http.CrossOriginProtection decides on Fetch Metadata and Origin. Beyond it: an Origin must be ours with scheme and port, a
// state-changing request with our cookies must say where it comes from, and so must a WebSocket, which is a GET (CSR-04, CSR-06).
func (g *Guard) sameOrigin(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return !isUpgrade(r.Header) || origin == g.origin
	}
	if origin == "" && r.Header.Get("Sec-Fetch-Site") == "" {
		return !hasOurCookie(r.Header)
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
		return (origin == "" || origin == g.origin) && g.crossOrigin.Check(r) == nil
	default:
		return false // a sibling host is not us (CSR-03)
	}
}

func isUpgrade(h http.Header) bool {
	for _, protocol := range h["Upgrade"] {
		if strings.Contains(strings.ToLower(protocol), "websocket") {
			return true
		}
	}
	return false
}

// allow answers 405 to other methods than these.
func allow(w http.ResponseWriter, r *http.Request, methods ...string) bool {
	for _, m := range methods {
		if r.Method == m {
			return true
		}
	}
	w.Header().Set("Allow", strings.Join(methods, ", "))
	wire.Of(wire.CodeMethodNotAllowed).Write(w)
	return false
}
