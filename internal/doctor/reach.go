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

// What clocks may differ by: claims are believed for a minute after their time.
const (
	skewWarning = 10 * time.Second
	skewProblem = time.Minute
)

const mendNetwork = "look at the network between here and there"

// reach tells whether there is a provider at the URL.
func (x *examination) reach(ctx context.Context) bool {
	const check = "provider"
	asked := x.Now()
	r, err := x.ask(ctx, question{method: http.MethodGet, path: "/api/status", anyTenant: true})
	answered := x.Now()
	if err != nil {
		what, mend := unreachable(err, x.base)
		x.found(Problem, check, "", fmt.Sprintf("%s cannot be asked: %s", x.URL, what), mend)
		return false
	}
	var body struct {
		Status string `json:"status"`
	}
	switch {
	case r.status >= 300 && r.status < 400:
		x.found(Problem, check, "", fmt.Sprintf("%s sends us elsewhere: status %d, %q. Latchkey does not follow: the password would go along", x.URL, r.status, destination(r)), "write the URL where the server itself is")
		return false
	case r.status == http.StatusOK && r.decode(&body) && body.Status == "ok":
	case r.status == http.StatusNotFound || r.status == http.StatusForbidden || r.status == http.StatusUnauthorized || r.status == http.StatusOK:
		x.found(Problem, check, "", fmt.Sprintf("%s/api/status answers %d and not {\"status\":\"ok\"}: another server, another path, or a proxy that does not let it through", x.URL, r.status),
			"write the URL of the server; where a proxy hides /api/status, let this backend through: without it a bare 404 or 401 is not believed")
		return false
	default:
		x.found(Problem, check, "", fmt.Sprintf("%s/api/status answers %d: the server is there, and not well", x.URL, r.status), "look at its log and its database")
		return false
	}
	x.found(OK, check, "", x.URL+" answers", "")
	if x.base.Scheme == "http" && !loopback(x.base.Hostname()) {
		x.found(Warning, "provider_tls", "", "passwords and tokens go to "+x.base.Host+" in clear text", "use https, unless nobody else is on that network")
	}
	x.clock(r.header.Get("Date"), asked, answered)
	return true
}

// destination is where a redirection leads, without what may be secret in it.
func destination(r reply) string {
	to, err := url.Parse(r.header.Get("Location"))
	if err != nil {
		return ""
	}
	return (&url.URL{Scheme: to.Scheme, Host: to.Host, Path: to.Path}).String()
}

// unreachable says what went wrong below HTTP, and what to do.
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
		return fmt.Sprintf("the name %s cannot be looked up: the name server does not answer", base.Hostname()), "look at this machine's resolv.conf and network"
	case errors.As(err, &name):
		return fmt.Sprintf("the name %s is not known", base.Hostname()), "look for a slip in the name; inside a container, for its network"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing listens at " + base.Host, "start the server, or write its port (FusionAuth's own is 9011)"
	case errors.As(err, &unknown):
		return "its certificate is from an authority that this machine does not know", "install the authority's certificate here, or have the server send the whole chain"
	case errors.As(err, &host):
		return "its certificate is for other names than " + base.Hostname(), "write the name that is in the certificate, or get one for this name"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "its certificate has expired, or is not valid yet", "renew it; if it is fine, set the clock of this machine"
	case errors.As(err, &verifiable):
		return "its certificate is not good: " + verifiable.Err.Error(), "mend the certificate"
	case errors.As(err, &noTLS), strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return "it does not speak TLS", "write http:// if that is meant, or the port with TLS"
	case strings.Contains(err.Error(), "malformed HTTP response"):
		return "it does not speak HTTP", "write https:// if that is meant"
	case errors.Is(err, context.DeadlineExceeded), timedOut(err):
		return "no answer within 10 seconds", "look for a firewall in between, and at the server's load"
	}
	return err.Error(), mendNetwork
}

func timedOut(err error) bool {
	var t net.Error
	return errors.As(err, &t) && t.Timeout()
}

// clock compares the provider's clock with ours. Date has whole seconds, and was written between asking and answering.
func (x *examination) clock(date string, asked, answered time.Time) {
	theirs, err := http.ParseTime(date)
	if err != nil {
		x.found(Skipped, "clock", "", "the provider does not say what time it has", "")
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
	const mend = "keep both clocks with NTP"
	switch {
	case off > skewProblem:
		x.found(Problem, check, app, message+": tokens look expired, and events of webhooks like replays", mend)
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
