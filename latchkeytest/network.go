package latchkeytest

import (
	"context"
	"net"
	"sync"
)

// clientIP is the address of every browser, from TEST-NET-1 (RFC 5737).
const clientIP = "192.0.2.1"

var clientAddr = &net.TCPAddr{IP: net.ParseIP(clientIP), Port: 49152}

// A network is a listener whose connections are pipes: sockets do not work in a bubble.
type network struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newNetwork() *network {
	return &network{conns: make(chan net.Conn), closed: make(chan struct{})}
}

func (n *network) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case n.conns <- serverConn{server}:
		return client, nil
	case <-n.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept returns the server's end of the next connection.
func (n *network) Accept() (net.Conn, error) {
	select {
	case c := <-n.conns:
		return c, nil
	case <-n.closed:
		return nil, net.ErrClosed
	}
}

// Close ends Accept and dial.
func (n *network) Close() error {
	n.once.Do(func() { close(n.closed) })
	return nil
}

// Addr is a placeholder: only dial reaches the network.
func (n *network) Addr() net.Addr { return &net.TCPAddr{} }

type serverConn struct{ net.Conn }

// RemoteAddr is the browser's address.
func (serverConn) RemoteAddr() net.Addr { return clientAddr }
