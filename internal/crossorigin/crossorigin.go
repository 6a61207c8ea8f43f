// Package crossorigin recognizes what a browser says about the origin of its requests.
package crossorigin

import (
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/latchkey-dev/latchkey/internal/wire"
)

// Same reports whether a request comes from a page of our own origin. A request that changes
// something with our cookies must say where it comes from, in Fetch Metadata or in Origin (OWASP,
// "Cross-Site Request Forgery Prevention"; Go's http.CrossOriginProtection), and so must a
// WebSocket, which is a GET (CSR-04, CSR-06). If both headers are there, both must say that it is
// ours, with scheme and port. One reader could believe a repeated header, and the next refuse it.
func Same(method string, h http.Header, own string, hasOurCookie func(http.Header) bool) bool {
	reads := method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
	if reads && !IsUpgrade(h) {
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
		// A form of a page with Referrer-Policy: no-referrer has the origin null. So has a
		// sandboxed frame, but then the site is another.
		return origin == "" || origin == own || origin == "null"
	case "none":
		return origin == "" || origin == own
	case "":
		return origin == own || origin == "" && !hasOurCookie(h)
	}
	return false // a sibling host is not us (CSR-03)
}

// IsUpgrade reports whether a request asks for a WebSocket.
func IsUpgrade(h http.Header) bool {
	for _, protocol := range h["Upgrade"] {
		if strings.Contains(strings.ToLower(protocol), "websocket") {
			return true
		}
	}
	return false
}

// Navigates reports whether a browser asks for a page. Old ones have no Fetch Metadata, and say so
// in Accept.
func Navigates(h http.Header) bool {
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

const maxLegible = 200 // bytes

// Legible cuts header lines short, and quotes them if they have anything but visible characters.
func Legible(lines []string) string {
	s := wire.Shorten(strings.Join(lines, ", "), maxLegible)
	if quoted := strconv.QuoteToASCII(s); quoted != `"`+s+`"` {
		return quoted
	}
	return s
}
