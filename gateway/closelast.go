package gateway

import (
	"context"
	"io"
	"net"
	"time"
)

type dial func(ctx context.Context, network, addr string) (net.Conn, error)

// closingLast is for connections that serve one request. The app has been asked to close such a
// connection (RFC 9112 §9.6), and the side that closes first keeps its port for a minute
// (TIME-WAIT, RFC 9293 §3.6.1). At the app that is the port on which it listens; here it would be
// one of about 28,000, which 500 requests a second to another machine would use up.
func closingLast(d dial) dial {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := d(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return lastConn{conn}, nil
	}
}

// appCloses is how long the app may take to close. It does so together with its response.
const appCloses = 250 * time.Millisecond

type lastConn struct{ net.Conn }

// Close lets the app close first. It does not wait for that, and pending reads and writes end with
// it.
func (c lastConn) Close() error {
	if c.SetDeadline(time.Now().Add(appCloses)) != nil {
		return c.Conn.Close()
	}
	go func() {
		io.Copy(io.Discard, c.Conn)
		c.Conn.Close()
	}()
	return nil
}
