package main

import (
	"net"
	"net/netip"
	"strings"

	"github.com/latchkey-dev/latchkey/internal/issuer"
)

// ownURL is where apps on this machine reach a provider that listens on an address: the issuer of
// its tokens, unless somebody names another. It is "" if the port is not known yet.
func ownURL(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil || port == "0" {
		return ""
	}
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		host = "localhost" // it listens on every address, and this one is always there
	}
	url := "http://" + net.JoinHostPort(strings.ToLower(host), port)
	if issuer.Check(url) != nil {
		return "" // a name of a port, or a zone: nothing that belongs in a token
	}
	return url
}

// samePort is the address as the user wrote it, with the port that the system has chosen for 0.
func samePort(addr string, listener net.Listener) string {
	host, _, err := net.SplitHostPort(addr)
	_, port, failed := net.SplitHostPort(listener.Addr().String())
	if err != nil || failed != nil {
		return listener.Addr().String()
	}
	return net.JoinHostPort(host, port)
}
