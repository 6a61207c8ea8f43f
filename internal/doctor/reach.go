package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// The tolerated difference between clocks: claims are accepted for a minute after their time.
const (
	skewWarning = 10 * time.Second
	skewProblem = time.Minute
)

const mendNetwork = "check the network in between"

// reach reports whether the URL is a provider's.
func (x *examination) reach(ctx context.Context) bool {
	const check = "provider"
	asked := x.Now()
	r, err := x.ask(ctx, question{method: http.MethodGet, path: "/api/status", anyTenant: true})
	answered := x.Now()
	if err != nil {
		what, mend := unreachable(err, x.base)
		x.found(Problem, check, "", fmt.Sprintf("cannot reach %s: %s", x.URL, what), mend)
		return false
	}
	var body struct {
		Status string `json:"status"`
	}
	switch {
	case r.status >= 300 && r.status < 400:
		x.found(Problem, check, "", fmt.Sprintf("%s redirects: status %d, %q. Latchkey does not follow redirects, which would carry the password along", x.URL, r.status, destination(r)), "use the URL of the server itself")
		return false
	case r.status == http.StatusOK && r.decode(&body) && body.Status == "ok":
	case r.status == http.StatusNotFound || r.status == http.StatusForbidden || r.status == http.StatusUnauthorized || r.status == http.StatusOK:
		x.found(Problem, check, "", fmt.Sprintf("%s/api/status answers %d instead of {\"status\":\"ok\"}: another server, another path, or a proxy that blocks it", x.URL, r.status),
			"correct the URL; if a proxy hides /api/status, let this backend through, because Latchkey needs it to trust a bare 404 or 401")
		return false
	default:
		x.found(Problem, check, "", fmt.Sprintf("%s/api/status answers %d: the server is not healthy", x.URL, r.status), "check its log and its database")
		return false
	}
	x.found(OK, check, "", x.URL+" answers", "")
	if x.base.Scheme == "http" && !loopback(x.base.Hostname()) {
		x.found(Warning, "provider_tls", "", "passwords and tokens go to "+x.base.Host+" unencrypted", "use https, unless nobody else is on that network")
	}
	x.clock(r.header.Get("Date"), asked, answered)
	return true
}

// destination is where a redirect leads, without what may be secret in it.
func destination(r reply) string {
	to, err := url.Parse(r.header.Get("Location"))
	if err != nil {
		return ""
	}
	return (&url.URL{Scheme: to.Scheme, Host: to.Host, Path: to.Path}).String()
}

// unreachable explains a failure below HTTP, and what to do.
func unreachable(err error, base *url.URL) (what, mend string) {
	var (
		name       *net.DNSError
		unknown    x509.UnknownAuthorityError
		host       x509.HostnameError
		invalid    x509.CertificateInvalidError
		noTLS      tls.RecordHeaderError
		verifiable *tls.CertificateVerificationError
	)
	switch {
	case errors.As(err, &name) && !name.IsNotFound:
		return fmt.Sprintf("cannot look up %s: the DNS server does not answer", base.Hostname()), "check this machine's resolv.conf and network"
	case errors.As(err, &name):
		return fmt.Sprintf("unknown host %s", base.Hostname()), "check the spelling; in a container, check its network"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing listens at " + base.Host, "start the server, or correct the port (FusionAuth's default is 9011)"
	case errors.As(err, &unknown):
		return "its certificate comes from an authority that this machine does not trust", "install the authority's certificate here, or make the server send the whole chain"
	case errors.As(err, &host):
		return "its certificate is for other names than " + base.Hostname(), "use the name in the certificate, or get one for this name"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "its certificate has expired, or is not valid yet", "renew it; if it is valid, correct the clock of this machine"
	case errors.As(err, &verifiable):
		return "its certificate is invalid: " + verifiable.Err.Error(), "replace the certificate"
	case errors.As(err, &noTLS), strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return "it does not speak TLS", "use http:// if that is intended, or the port with TLS"
	case strings.Contains(err.Error(), "malformed HTTP response"):
		return "it does not speak HTTP", "use https:// if that is intended"
	case errors.Is(err, context.DeadlineExceeded), timedOut(err):
		return "no answer within 10 seconds", "check for a firewall in between, and the server's load"
	}
	return err.Error(), mendNetwork
}

func timedOut(err error) bool {
	var t net.Error
	return errors.As(err, &t) && t.Timeout()
}

// clock compares the provider's clock with ours. Date has whole seconds, and was written between
// request and response.
func (x *examination) clock(date string, asked, answered time.Time) {
	theirs, err := http.ParseTime(date)
	if err != nil {
		x.found(Skipped, "clock", "", "the provider sends no Date header", "")
		return
	}
	ahead := time.Duration(0) // of ours
	if early := asked.Sub(theirs); theirs.Before(asked) {
		ahead = -max(0, early-time.Second)
	} else if theirs.After(answered) {
		ahead = theirs.Sub(answered)
	}
	x.skew("clock", "", "the provider's clock", ahead)
}

// skew judges how far a clock is ahead of ours.
func (x *examination) skew(check, app, whose string, ahead time.Duration) {
	how := "ahead of"
	if ahead < 0 {
		how = "behind"
	}
	off := ahead.Abs()
	message := fmt.Sprintf("%s is %v %s ours", whose, off.Round(time.Second), how)
	const mend = "synchronize both clocks with NTP"
	switch {
	case off > skewProblem:
		x.found(Problem, check, app, message+": tokens look expired, and webhook events look like replays", mend)
	case off > skewWarning:
		x.found(Warning, check, app, message, mend)
	default:
		x.found(OK, check, app, whose+" and ours agree", "")
	}
}

func loopback(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}
