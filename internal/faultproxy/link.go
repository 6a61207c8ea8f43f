package faultproxy

import (
	"io"
	"net"
	"sync"
	"time"
)

// A link is one connection through the proxy.
type link struct {
	client, server *net.TCPConn
	once           sync.Once
	over           chan struct{}
	forgotten      bool // Fault.Forget holds it; the proxy's mu guards this
}

// close resets both sides: what is in flight is lost.
func (l *link) close() {
	l.once.Do(func() {
		close(l.over)
		reset(l.client)
		reset(l.server)
	})
}

func reset(c *net.TCPConn) {
	c.SetLinger(0)
	c.Close()
}

// A chunk is what one read returned.
type chunk struct {
	bytes []byte
	end   error // io.EOF, or the error of the connection
	at    time.Time
}

// window is how many chunks may be held back before their sender is blocked.
const window = 1024

// pump passes on what one side sends, late or not at all if that is the fault, and finally its end.
func (p *Proxy) pump(l *link, from, to *net.TCPConn, held func(Fault) bool) {
	chunks := make(chan chunk, window)
	broken := make(chan struct{})
	p.all.Go(func() { read(l, from, chunks, broken) })
	for {
		select {
		case c := <-chunks:
			if !p.deliverable(l, c, held) {
				return
			}
			select {
			case <-broken: // a sender that reset its connection takes back what has not arrived
				l.close()
				return
			default:
			}
			if c.end != nil {
				to.CloseWrite()
				return
			}
			if _, err := to.Write(c.bytes); err != nil {
				l.close()
				return
			}
		case <-l.over:
			return
		}
	}
}

func read(l *link, from *net.TCPConn, chunks chan<- chunk, broken chan<- struct{}) {
	for {
		buffer := make([]byte, 32<<10)
		n, err := from.Read(buffer)
		if err != nil && err != io.EOF {
			close(broken)
		}
		for _, c := range []chunk{{bytes: buffer[:n]}, {end: err}} {
			if len(c.bytes) == 0 && c.end == nil {
				continue
			}
			c.at = time.Now()
			select {
			case chunks <- c:
			case <-l.over:
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// settle is how much later held-back data arrives, so that a reset by its sender just before is
// noticed first.
const settle = 50 * time.Millisecond

// deliverable waits until the fault lets a chunk arrive, and reports false if the link is closed.
func (p *Proxy) deliverable(l *link, c chunk, held func(Fault) bool) bool {
	var wasHeld bool
	for {
		fault, changed := p.now(l)
		var due <-chan time.Time // never
		if held(fault) {
			wasHeld = true
		} else {
			wait := time.Until(c.at.Add(fault.Delay))
			if wasHeld {
				wait, wasHeld = max(wait, settle), false
			}
			if wait <= 0 {
				return true
			}
			due = time.After(wait)
		}
		select {
		case <-due:
		case <-changed:
		case <-l.over:
			return false
		}
	}
}
