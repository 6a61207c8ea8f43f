package gateway

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// An inner is the address of an app as the gateway uses it, and the origin that browsers know
// instead. Many apps build redirects from the Host that they see.
type inner struct {
	target       *url.URL
	scheme, host string // of the app's origin
}

// translate puts the app's origin into the response headers that hold an address.
func (i inner) translate(h http.Header) {
	for _, name := range [...]string{"Location", "Content-Location"} {
		if values := h[name]; len(values) > 0 {
			h[name] = []string{i.public(values[0])}
		}
	}
	if values := h["Refresh"]; len(values) > 0 {
		h["Refresh"] = []string{i.refresh(values[0])}
	}
}

// public translates an address from the app for browsers. It changes only the app's own address.
func (i inner) public(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "" && u.Scheme != "http" && u.Scheme != "https" || !i.is(u) {
		return address
	}
	u.Scheme, u.Host = i.scheme, i.host
	if base := strings.TrimSuffix(i.target.Path, "/"); base != "" && under(u.Path, base) {
		u.Path, u.RawPath = strings.TrimPrefix(u.Path, base), strings.TrimPrefix(u.RawPath, base)
		if u.Path == "" {
			u.Path = "/"
		}
	}
	return u.String()
}

// is reports whether an address with a host is the app's, as the app may know it: by host and port
// of the upstream; by another name of this machine; by the address that it listens on, such as
// 0.0.0.0 (Next.js); or without the port (PHP and nginx, which know only their own), if that host
// is not public.
func (i inner) is(u *url.URL) bool {
	host, upstream := strings.ToLower(u.Hostname()), strings.ToLower(i.target.Hostname())
	switch port(u, i.target.Scheme) {
	case port(i.target, i.target.Scheme):
		return host == upstream || unspecified(host) || loopback(host) && loopback(upstream)
	case "":
		return host == upstream && inside(host)
	}
	return false
}

// port is empty if it is the scheme's default. An address without a scheme has the default one.
func port(u *url.URL, scheme string) string {
	if u.Scheme != "" {
		scheme = u.Scheme
	}
	port := u.Port()
	if scheme == "http" && port == "80" || scheme == "https" && port == "443" {
		return ""
	}
	return port
}

func unspecified(host string) bool {
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsUnspecified()
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// inside reports whether a host has no public address: one of a private network, or a name without
// a dot.
func inside(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast()
	}
	return !strings.Contains(host, ".")
}

// refresh changes the address in "5; url=https://…", with or without quotes around it.
func (i inner) refresh(value string) string {
	at := strings.Index(strings.ToLower(value), "url=")
	if at < 0 || len(strings.ToLower(value)) != len(value) {
		return value
	}
	before, address := value[:at+len("url=")], value[at+len("url="):]
	inside := strings.Trim(address, ` "'`)
	quoted, after, _ := strings.Cut(address, inside)
	return before + quoted + i.public(inside) + after
}
