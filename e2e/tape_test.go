package e2e_test

import (
	"net"
	"slices"
	"sync"
)

// taped is a listener that records its connections.
type taped struct {
	net.Listener
	wire *wire
}

func (l taped) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	t := &tape{Conn: conn}
	l.wire.mu.Lock()
	defer l.wire.mu.Unlock()
	l.wire.tapes = append(l.wire.tapes, t)
	return t, nil
}

// A tape keeps all that is written to a connection.
type tape struct {
	net.Conn
	mu      sync.Mutex
	written []byte
}

func (t *tape) Write(p []byte) (int, error) {
	t.mu.Lock()
	t.written = append(t.written, p...)
	t.mu.Unlock()
	return t.Conn.Write(p)
}

func (t *tape) bytes() []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.written)
}
