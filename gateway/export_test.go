package gateway

import (
	"context"
	"crypto/tls"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"strings"
)

// PassesWithoutLogin returns what the app sees of a path, and whether it needs no login.
func PassesWithoutLogin(u *url.URL, protect, public []string) (path string, passes bool) {
	r, err := newRules(protect, public)
	if err != nil {
		panic(err)
	}
	path, err = cleanPath(u)
	if err != nil {
		return "", false
	}
	return (&url.URL{Path: path}).EscapedPath(), !r.protects(path)
}

// Rewritten returns the header that an anonymous request has at the app.
func Rewritten(r *http.Request, target *url.URL) (sent http.Header) {
	a := &app{scheme: "https", host: "app.example.com"}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(pr *httputil.ProxyRequest) {
			a.rewrite(pr, target)
			sent = pr.Out.Header
		},
		Transport:    nowhere{},
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) {},
	}
	proxy.ServeHTTP(&discard{}, r.WithContext(newExchange(r.Context())))
	return sent
}

type nowhere struct{}

func (nowhere) RoundTrip(*http.Request) (*http.Response, error) { return nil, http.ErrServerClosed }

type discard struct{}

func (discard) Header() http.Header         { return make(http.Header) }
func (discard) Write(b []byte) (int, error) { return len(b), nil }
func (discard) WriteHeader(int)             {}

// Hops returns the chain of a request behind listed proxies.
func Hops(r *http.Request, rfc7239 bool, trusted ...netip.Prefix) []netip.Addr {
	return proxies{trusted, rfc7239}.chain(r)
}

// Fits checks the headers of a request, and drops cookies if they are too large.
func Fits(r *http.Request) bool {
	ok, _ := fits(r)
	return ok
}

// ChangedAt is when a file was moved to its place, if that is known.
func ChangedAt(info fs.FileInfo) int64 { return changedAt(info) }

// NewPage serves files only, without the rules in front.
func NewPage(files fs.FS) (http.Handler, error) {
	return newPage(files, nil, slog.New(slog.DiscardHandler))
}

// DialWith makes a gateway connect to its apps by other means than sockets.
func DialWith(g *Gateway, dial func(ctx context.Context, network, addr string) (net.Conn, error)) {
	for _, a := range g.apps {
		for _, t := range a.transports {
			t.DialContext = dial
			if t.DisableKeepAlives {
				t.DialContext = closingLast(dial)
			}
		}
	}
}

// NewPageOf is NewPage with this much room for compressed files, in bytes.
func NewPageOf(files fs.FS, limit int) (http.Handler, error) {
	p, err := newPage(files, nil, slog.New(slog.DiscardHandler))
	if err == nil {
		p.files.limit = limit
	}
	return p, err
}

// MaxHeaders is how many bytes of headers a client may send.
const MaxHeaders = maxHeaders

// Pace is how long a client may make no progress.
const Pace = pace

// IdentityHeaders returns a name for each entry of the table.
func IdentityHeaders() (names []string) {
	for _, row := range identityHeaders {
		for name := range strings.SplitSeq(row.names, ", ") {
			names = append(names, strings.ReplaceAll(name, "*", "-Z"))
		}
	}
	return names
}

// IdentityTable returns the table in the form of docs/gateway.md.
func IdentityTable() string {
	var table strings.Builder
	for _, row := range identityHeaders {
		fmt.Fprintf(&table, "| `%s` | %s |\n", strings.ReplaceAll(row.names, ", ", "`, `"), row.of)
	}
	return table.String()
}

// Hashed reports whether a name carries a digest.
func Hashed(name string) bool { return hashed(name) }

// PublicLocation translates an address from the app for browsers.
func PublicLocation(upstream, origin, location string) string {
	return innerOf(upstream, origin).public(location)
}

// PublicRefresh does the same for a Refresh header.
func PublicRefresh(upstream, origin, value string) string {
	return innerOf(upstream, origin).refresh(value)
}

func innerOf(upstream, origin string) inner {
	target, err := url.Parse(upstream)
	if err != nil {
		panic(err)
	}
	public, err := url.Parse(origin)
	if err != nil {
		panic(err)
	}
	return inner{target, public.Scheme, public.Host}
}

// RequestHost reads a Host header.
func RequestHost(host string) (string, error) { return requestHost(host) }

// TrustApps makes a gateway accept the certificates of its apps.
func TrustApps(g *Gateway, config *tls.Config) {
	for _, a := range g.apps {
		for _, t := range a.transports {
			t.TLSClientConfig = config.Clone()
		}
	}
}
