// Package faultproxy is a TCP proxy for tests that breaks the network between a client and a
// server: it cuts, stalls and delays connections.
package faultproxy

import (
	"errors"
	"net"
	"sync"
	"testing"
	"time"
)

// A Fault is what is wrong with the network. The zero Fault is a working network.
type Fault struct {
	// Cut closes every connection, and each new one as soon as it is opened.
	Cut bool
	// HoldRequests and HoldAnswers silently let nothing pass to the server or back: neither bytes
	// nor the end of a connection. What was held back arrives when the fault is over, as TCP would
	// retransmit it, unless its sender has reset the connection meanwhile.
	HoldRequests, HoldAnswers bool
	// Forget holds everything on the connections that exist when the fault begins, like a firewall
	// that has lost its state. New connections work.
	Forget bool
	// Delay is how much later everything arrives, in each direction.
	Delay time.Duration
}

// Silent loses every packet.
var Silent = Fault{HoldRequests: true, HoldAnswers: true}

// A Proxy listens on Addr and passes everything on to a server. Use Start.
type Proxy struct {
	Addr string // host:port

	target   string
	listener net.Listener
	all      sync.WaitGroup

	mu      sync.Mutex
	fault   Fault
	changed chan struct{} // closed when fault changes
	links   map[*link]struct{}
	closed  bool
}

// Start starts a proxy on a free port of 127.0.0.1 in front of target, host:port, until the test
// ends. The target need not be there yet.
func Start(t testing.TB, target string) *Proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{Addr: listener.Addr().String(), target: target, listener: listener, changed: make(chan struct{}), links: make(map[*link]struct{})}
	p.all.Go(p.accept)
	t.Cleanup(p.close)
	return p
}

// Set replaces the current fault with f.
func (p *Proxy) Set(f Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault = f
	close(p.changed)
	p.changed = make(chan struct{})
	for l := range p.links {
		l.forgotten = f.Forget
	}
	if f.Cut {
		p.cut()
	}
}

// cut closes every connection. The caller holds mu.
func (p *Proxy) cut() {
	for l := range p.links {
		l.close()
		delete(p.links, l)
	}
}

func (p *Proxy) close() {
	p.mu.Lock()
	p.closed = true
	p.listener.Close()
	p.cut()
	p.mu.Unlock()
	p.all.Wait()
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil {
			p.all.Go(func() { p.connect(client.(*net.TCPConn)) })
		}
	}
}

func (p *Proxy) connect(client *net.TCPConn) {
	server, err := net.Dial("tcp", p.target)
	if err != nil {
		reset(client)
		return
	}
	l := &link{client: client, server: server.(*net.TCPConn), over: make(chan struct{})}
	p.mu.Lock()
	if p.closed || p.fault.Cut {
		l.close()
	} else {
		p.links[l] = struct{}{}
	}
	p.mu.Unlock()
	var both sync.WaitGroup
	both.Go(func() { p.pump(l, l.client, l.server, func(f Fault) bool { return f.HoldRequests }) })
	both.Go(func() { p.pump(l, l.server, l.client, func(f Fault) bool { return f.HoldAnswers }) })
	both.Wait()
	l.close()
	p.mu.Lock()
	delete(p.links, l)
	p.mu.Unlock()
}

// now returns the present fault, as the link has it, and a channel that is closed when it changes.
func (p *Proxy) now(l *link) (Fault, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f := p.fault
	if l.forgotten {
		f.HoldRequests, f.HoldAnswers = true, true
	}
	return f, p.changed
}
