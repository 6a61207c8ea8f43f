package faultproxy_test

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey/internal/faultproxy"
)

// echo starts a server that echoes what it receives, and returns its address.
func echo(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				io.Copy(conn, conn)
				conn.Close()
			}()
		}
	}()
	return listener.Addr().String()
}

func dial(t *testing.T, p *faultproxy.Proxy) *net.TCPConn {
	t.Helper()
	conn, err := net.Dial("tcp", p.Addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn.(*net.TCPConn)
}

func send(t *testing.T, conn net.Conn, text string) {
	t.Helper()
	if _, err := conn.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
}

// receive reads for at most this long.
func receive(conn net.Conn, wait time.Duration) (string, error) {
	conn.SetReadDeadline(time.Now().Add(wait))
	buffer := make([]byte, 100)
	n, err := conn.Read(buffer)
	return string(buffer[:n]), err
}

func wants(t *testing.T, conn net.Conn, want string) {
	t.Helper()
	if got, err := receive(conn, 10*time.Second); got != want || err != nil {
		t.Errorf("received %q, %v; want %q", got, err, want)
	}
}

const quiet = 100 * time.Millisecond

func TestHold(t *testing.T) {
	for name, fault := range map[string]faultproxy.Fault{"requests": {HoldRequests: true}, "answers": {HoldAnswers: true}, "both": faultproxy.Silent} {
		t.Run(name, func(t *testing.T) {
			p := faultproxy.Start(t, echo(t))
			conn := dial(t, p)
			send(t, conn, "one")
			wants(t, conn, "one")
			p.Set(fault)
			send(t, conn, "two")
			if got, err := receive(conn, quiet); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("received %q, %v of what is held", got, err)
			}
			p.Set(faultproxy.Fault{})
			wants(t, conn, "two")
			conn.CloseWrite()
			if _, err := receive(conn, 10*time.Second); err != io.EOF {
				t.Errorf("the end arrives as %v", err)
			}
		})
	}
}

// TestResetTakesBack: data of a sender that has reset its connection does not arrive later.
func TestResetTakesBack(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	p := faultproxy.Start(t, listener.Addr().String())
	conn := dial(t, p)
	server, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	p.Set(faultproxy.Silent)
	send(t, conn, "late")
	conn.SetLinger(0)
	conn.Close()
	if got, err := receive(server, quiet); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("received %q, %v through a silent network", got, err)
	}
	p.Set(faultproxy.Fault{})
	if got, err := receive(server, 10*time.Second); got != "" || err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("received %q, %v after a reset", got, err)
	}
}

func TestCut(t *testing.T) {
	p := faultproxy.Start(t, echo(t))
	before := dial(t, p)
	send(t, before, "one")
	wants(t, before, "one")
	p.Set(faultproxy.Fault{Cut: true})
	if got, err := receive(before, 10*time.Second); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("received %q, %v over a cut connection", got, err)
	}
	refuses(t, p)
	p.Set(faultproxy.Fault{})
	after := dial(t, p)
	send(t, after, "two")
	wants(t, after, "two")
}

func TestDelay(t *testing.T) {
	p := faultproxy.Start(t, echo(t))
	conn := dial(t, p)
	p.Set(faultproxy.Fault{Delay: quiet})
	began := time.Now()
	send(t, conn, "one")
	wants(t, conn, "one")
	if took := time.Since(began); took < 2*quiet {
		t.Errorf("there and back in %v", took)
	}
}

// TestNoServer: a missing server looks like a broken connection.
func TestNoServer(t *testing.T) {
	refuses(t, faultproxy.Start(t, "127.0.0.1:1"))
}

// refuses checks that a new connection breaks immediately.
func refuses(t *testing.T, p *faultproxy.Proxy) {
	t.Helper()
	conn, err := net.Dial("tcp", p.Addr)
	if err != nil {
		return
	}
	defer conn.Close()
	if got, err := receive(conn, 10*time.Second); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("received %q, %v", got, err)
	}
}

// Forgotten connections stay open and silent; new ones work.
func TestForget(t *testing.T) {
	p := faultproxy.Start(t, echo(t))
	old := dial(t, p)
	send(t, old, "before")
	wants(t, old, "before")
	p.Set(faultproxy.Fault{Forget: true})
	send(t, old, "after")
	if got, err := receive(old, 100*time.Millisecond); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("on the old connection: %q, %v", got, err)
	}
	young := dial(t, p)
	send(t, young, "young")
	wants(t, young, "young")
	p.Set(faultproxy.Fault{})
	wants(t, old, "after")
}
