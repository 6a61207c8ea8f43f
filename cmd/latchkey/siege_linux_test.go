package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

var (
	siegeSockets = flag.Int("siege.sockets", 200, "how many idle WebSockets TestSiege opens")
	siegeSlow    = flag.Int("siege.slow", 50, "how many connections send their headers byte by byte meanwhile")
)

// TestSiege opens many idle WebSockets at a gateway, which is a process of its own, and meanwhile
// runs clients that send their headers a byte at a time, and some that send too many. The slow and
// the oversized are cut off, honest requests are served, and the sockets are closed with their
// session:
//
//	go test -run TestSiege -v ./cmd/latchkey -siege.sockets 10000 -siege.slow 1000
func TestSiege(t *testing.T) {
	raiseFileLimit(t, uint64(2**siegeSockets+*siegeSlow+400))
	s := newServed(t)
	s.app.Config.Handler = quietApp(s.app.Config.Handler)
	s.write("")
	pid := s.startProcess()
	s.client.Transport.(*http.Transport).MaxIdleConnsPerHost = 8
	cookies := s.login()
	s.want("/api/x", cookies, 200, "bearer true")
	before := resident(t, pid)
	open := s.openSockets(cookies, *siegeSockets)
	grown := resident(t, pid) - before
	t.Logf("%d idle WebSockets: the gateway grew by %.0f MiB, that is %.1f KiB each", len(open), float64(grown)/(1<<20), float64(grown)/1024/float64(len(open)))

	var slow sync.WaitGroup
	var cut atomic.Int64
	for range *siegeSlow {
		slow.Go(func() {
			if trickle(s.addr(), 2*time.Second) < 20*time.Second {
				cut.Add(1)
			}
		})
	}
	s.wantTooLarge()
	var took []time.Duration
	for range 500 {
		began := time.Now()
		s.want("/api/x", cookies, 200, "bearer true")
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	t.Logf("500 requests meanwhile: p50 %v, p99 %v", took[250].Round(10*time.Microsecond), took[495].Round(10*time.Microsecond))
	slow.Wait()
	if n := cut.Load(); n != int64(*siegeSlow) {
		t.Errorf("%d of %d slow connections were cut off", n, *siegeSlow)
	}
	for _, c := range []net.Conn{open[0], open[len(open)-1]} {
		c.SetDeadline(time.Now().Add(5 * time.Second))
		io.WriteString(c, "ping\n")
		if answer, err := bufio.NewReader(c).ReadString('\n'); err != nil || answer != "ping\n" {
			t.Errorf("an idle socket says %q, %v", answer, err)
		}
	}
	began := time.Now()
	if resp := s.open("POST", "/api/logout", "{}", cookies); resp.StatusCode != 204 {
		t.Fatal("logout:", resp.Status)
	}
	for _, c := range open {
		c.SetDeadline(began.Add(10 * time.Second))
		if _, err := io.Copy(io.Discard, c); err != nil {
			t.Fatalf("an idle socket outlives its session: %v", err)
		}
	}
	t.Logf("all closed %v after the logout", time.Since(began).Round(time.Millisecond))
}

// startProcess starts the gateway as start does, but in a process of its own.
func (s *served) startProcess() (pid int) {
	s.Helper()
	cmd := exec.Command("latchkey", "serve", "-c", s.dir+"/latchkey.yaml")
	cmd.Stderr = s.stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		s.Fatalf("no ready line: %v; %s", err, s.stderr)
	}
	s.reach(line)
	return cmd.Process.Pid
}

// trickle sends a request so slowly that it never ends, and returns how long the server listened.
func trickle(addr string, pause time.Duration) time.Duration {
	began := time.Now()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return time.Hour
	}
	defer conn.Close()
	gone := make(chan struct{})
	go func() { io.Copy(io.Discard, conn); close(gone) }()
	for _, b := range []byte("GET /api/x HTTP/1.1\r\nHost: app.localhost\r\n") {
		conn.Write([]byte{b})
		select {
		case <-gone:
			return time.Since(began)
		case <-time.After(pause):
		}
	}
	return time.Hour
}

// wantTooLarge sends headers of 64 KiB, in one and in many.
func (s *served) wantTooLarge() {
	s.Helper()
	for name, headers := range map[string]string{"one header": "X: " + strings.Repeat("x", 64<<10) + "\r\n", "many headers": strings.Repeat("X: 0123456789\r\n", 4<<10)} {
		conn, err := net.Dial("tcp", s.addr())
		if err != nil {
			s.Fatal(err)
		}
		conn.SetDeadline(time.Now().Add(10 * time.Second))
		go io.WriteString(conn, "GET /api/x HTTP/1.1\r\nHost: app.localhost\r\n"+headers+"\r\n")
		line, err := bufio.NewReader(conn).ReadString('\n')
		if !strings.HasPrefix(line, "HTTP/1.1 431 ") {
			s.Errorf("%s: %q, %v; want 431", name, line, err)
		}
		conn.Close()
	}
}

func resident(t *testing.T, pid int) int {
	t.Helper()
	statm, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		t.Skip(err) // not Linux
	}
	pages, err := strconv.Atoi(strings.Fields(string(statm))[1])
	if err != nil {
		t.Fatal(err)
	}
	return pages * os.Getpagesize()
}

// raiseFileLimit allows as many open files as the test needs, for it and the process that it
// starts.
func raiseFileLimit(t *testing.T, files uint64) {
	t.Helper()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	limit.Max = max(limit.Max, files)
	limit.Cur = limit.Max
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatalf("%d open files are needed: %v", files, err)
	}
}
