package e2e_test

import (
	"crypto/tls"
	"net"
)

// A place is where the apps of a world are: each at its own host of the domain.
type place struct {
	scheme, domain string
}

// Chromium takes any name below localhost to this machine.
var (
	plain  = place{"http", "localhost"}          // here each host is a site of its own
	secure = place{"https", "example.localhost"} // both hosts are of one site, and sessions are bound
)

// stranger is a host of another site than those of the apps.
const stranger = "stranger.localhost"

func (p place) listen() (net.Listener, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil || p.scheme == "http" {
		return listener, err
	}
	return tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{certificate().Certificate}}), nil
}
