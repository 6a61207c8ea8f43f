package gateway_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// A network connects the servers and clients of a test: with sockets, or with pipes in memory,
// which work in a testing/synctest bubble. There, time is simulated and stands still while anything
// runs.
type network struct {
	pipes bool

	mu        sync.Mutex
	listeners map[string]*pipeListener
}

func (n *network) listen(t testing.TB) net.Listener {
	if !n.pipes {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.listeners == nil {
		n.listeners = make(map[string]*pipeListener)
	}
	l := &pipeListener{addr: pipeAddr(fmt.Sprintf("127.0.0.1:%d", 4000+len(n.listeners))), conns: make(chan net.Conn), closed: make(chan struct{})}
	n.listeners[l.addr.String()] = l
	return l
}

func (n *network) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	if !n.pipes {
		return new(net.Dialer).DialContext(ctx, network, addr)
	}
	n.mu.Lock()
	l := n.listeners[addr]
	n.mu.Unlock()
	if l == nil {
		return nil, errRefused
	}
	here, there := bufferedPipe()
	err := errRefused
	select {
	case l.conns <- pipeConn{there, l.addr}:
		return pipeConn{here, l.addr}, nil
	case <-l.closed:
	case <-ctx.Done():
		err = ctx.Err()
	}
	here.Close()
	there.Close()
	return nil, err
}

// bufferedPipe is net.Pipe with room for some writes that nothing has read yet, as sockets have.
func bufferedPipe() (here, there net.Conn) {
	here, a := net.Pipe()
	b, there := net.Pipe()
	carry := func(to, from net.Conn) {
		waiting := make(chan []byte, 16)
		go func() {
			for bytes := range waiting {
				to.Write(bytes)
			}
			to.Close()
		}()
		defer close(waiting)
		for {
			bytes := make([]byte, 4<<10)
			n, err := from.Read(bytes)
			if err != nil {
				return
			}
			waiting <- bytes[:n]
		}
	}
	go carry(a, b)
	go carry(b, a)
	return here, there
}

// server starts a server. The test stops it.
func (n *network) server(t testing.TB, h http.Handler) *httptest.Server {
	return &httptest.Server{Listener: n.listen(t), Config: &http.Server{Handler: h}}
}

var errRefused error = &net.OpError{Op: "dial", Net: "pipe", Err: errors.New("connection refused")}

type pipeListener struct {
	addr   pipeAddr
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return l.addr }

type pipeAddr string

func (pipeAddr) Network() string  { return "tcp" }
func (a pipeAddr) String() string { return string(a) }

// A pipeConn comes from 127.0.0.1.
type pipeConn struct {
	net.Conn
	addr pipeAddr
}

func (c pipeConn) RemoteAddr() net.Addr { return c.addr }
func (c pipeConn) LocalAddr() net.Addr  { return c.addr }
