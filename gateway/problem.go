package gateway

import (
	"encoding/json"
	"net/http"
)

// A problem is an answer of the gateway itself that is not a success, in the form of the guard's own (RFC 9457).
// It says nothing of the request or of the app behind.
type problem struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	Code   string `json:"code"`
}

var (
	badRequest          = problem{"The request can be read in more than one way.", 400, "bad_request"}
	crossOrigin         = problem{"The request came from another origin.", 403, "cross_origin"}
	notFound            = problem{"There is nothing here.", 404, "not_found"}
	methodNotAllowed    = problem{"This route does not answer that method.", 405, "method_not_allowed"}
	requestTimeout      = problem{"The body of the request came too slowly.", 408, "request_timeout"}
	tooLarge            = problem{"The request is too large.", 413, "payload_too_large"}
	misdirected         = problem{"No app of this server has that host.", 421, "misdirected_request"}
	headersTooLarge     = problem{"The headers of the request are too large.", 431, "headers_too_large"}
	methodUnknown       = problem{"This server does not know that method.", 501, "method_unknown"}
	upstreamUnavailable = problem{"The app behind this server cannot be reached just now. Try again shortly.", 502, "upstream_unavailable"}
	tokenUnavailable    = problem{"The login service cannot be reached just now. Try again shortly.", 503, "provider_unavailable"}
	upstreamTimeout     = problem{"The app behind this server did not answer in time.", 504, "upstream_timeout"}
	versionUnknown      = problem{"This server needs HTTP/1.1 or newer.", 505, "version_not_supported"}
)

// ServeHTTP answers with the problem.
func (p problem) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	if p.Status == http.StatusServiceUnavailable || p == upstreamUnavailable {
		h.Set("Retry-After", "2")
	}
	w.WriteHeader(p.Status)
	json.NewEncoder(w).Encode(p) // the client is gone if this fails
}
