package main

import (
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/latchkey-dev/latchkey/internal/wire"
)

// redirect sends plain HTTP to https, and answers the challenges of an ACME server. It redirects
// GET and HEAD only: a browser would repeat a form over https, and nobody would notice that its
// password had crossed the network in the clear.
func (c *certificates) redirect(port string) http.Handler {
	to := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		u, err := url.Parse("//" + r.Host)
		switch {
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			w.Header().Set("Allow", "GET, HEAD")
			refusal := wire.Of(wire.CodeMethodNotAllowed)
			refusal.Detail = "use https: this request crossed the network in the clear"
			refusal.Write(w)
			return
		case err != nil || u.Host != r.Host || u.User != nil || r.URL.Opaque != "":
			wire.BadRequest("the host or the target of the request is not valid").Write(w)
			return
		}
		host := strings.ToLower(u.Hostname())
		if !slices.Contains(*c.hosts.Load(), host) {
			wire.Of(wire.CodeMisdirectedRequest).Write(w)
			return
		}
		if port != "443" {
			host = net.JoinHostPort(host, port)
		} else if strings.Contains(host, ":") {
			host = "[" + host + "]"
		}
		target := url.URL{Scheme: "https", Host: host, Path: r.URL.Path, RawPath: r.URL.RawPath, ForceQuery: r.URL.ForceQuery, RawQuery: r.URL.RawQuery}
		http.Redirect(w, r, target.String(), http.StatusPermanentRedirect)
	})
	if c.issuer != nil {
		return c.issuer.HTTPChallengeHandler(to)
	}
	return to
}
