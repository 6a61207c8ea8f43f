// Package clientip finds the address of a browser, by which limits count. It imports the standard
// library only.
package clientip

import (
	"net"
	"net/http"
	"net/netip"
)

// Peer returns the address at the other end of the connection, without its port.
func Peer(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// Network returns what one customer of an Internet provider usually has: the IPv4 address, or the
// first 64 bits of the IPv6 address (RFC 6177). Any other text is returned unchanged.
func Network(ip string) string {
	addr, err := netip.ParseAddr(ip)
	if err != nil {
		return ip
	}
	if addr = addr.Unmap(); addr.Is4() {
		return addr.String()
	}
	prefix, err := addr.WithZone("").Prefix(64)
	if err != nil {
		return ip
	}
	return prefix.String()
}
