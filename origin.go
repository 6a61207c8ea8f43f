package latchkey

import (
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/latchkey-dev/latchkey/internal/wire"
)

// allowOrigin answers 403 cross_origin to a request that may not use the cookies. It reads no body and no store.
func (g *Guard) allowOrigin(w http.ResponseWriter, r *http.Request) bool {
	if sameOrigin(r.Method, r.Header, g.origin) {
		return true
	}
	g.logOrigin(r)
	wire.Of(wire.CodeCrossOrigin).Write(w)
	return false
}

// sameOrigin tells whether a request comes from a page of our own origin. A request that changes something with our cookies must say where it comes from, in Fetch Metadata
// or in Origin (OWASP, "Cross-Site Request Forgery Prevention"; Go's http.CrossOriginProtection), and so must a WebSocket, which is a GET (CSR-04, CSR-06).
// Where both do, both must say that it is ours, with scheme and port. A header that comes twice could be believed by one reader and refused by the next.
func sameOrigin(method string, h http.Header, own string) bool {
	reads := method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
	if reads && !isUpgrade(h) {
		return true
	}
	if len(h["Origin"]) > 1 || len(h["Sec-Fetch-Site"]) > 1 {
		return false
	}
	origin := h.Get("Origin")
	if reads {
		return origin == own
	}
	switch h.Get("Sec-Fetch-Site") {
	case "same-origin":
		// A form of a page with Referrer-Policy: no-referrer has the origin null. So has a sandboxed frame, but then the site is another.
		return origin == "" || origin == own || origin == "null"
	case "none":
		return origin == "" || origin == own
	case "":
		return origin == own || origin == "" && !hasOurCookie(h)
	}
	return false // a sibling host is not us (CSR-03)
}

// logOrigin says once a minute what was refused: whoever has set Origin wrongly sees nothing but 403 in the browser.
func (g *Guard) logOrigin(r *http.Request) {
	if !g.once("origin") {
		return
	}
	g.log.WarnContext(r.Context(), "cross-origin request refused", "app", g.app,
		"origin", legible(r.Header["Origin"]), "want", g.origin, "site", legible(r.Header["Sec-Fetch-Site"]),
		"fix", "if browsers find the app at this origin, set Config.Origin to it (in the file of latchkey serve: host, and the port of listen)")
}

const maxLegible = 200 // bytes

// legible cuts header lines short, and quotes them where they have anything but letters that one can see.
func legible(lines []string) string {
	s := shorten(strings.Join(lines, ", "), maxLegible)
	if quoted := strconv.QuoteToASCII(s); quoted != `"`+s+`"` {
		return quoted
	}
	return s
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

// navigates reports whether a browser asks for a page. Old ones have no Fetch Metadata, and say so in
// Accept.
func navigates(h http.Header) bool {
	if mode := h.Get("Sec-Fetch-Mode"); mode != "" {
		return mode == "navigate"
	}
	for part := range strings.SplitSeq(h.Get("Accept"), ",") {
		if t, _, err := mime.ParseMediaType(part); err == nil && t == "text/html" {
			return true
		}
	}
	return false
}
