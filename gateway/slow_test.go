package gateway_test

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey/gateway"
)

var sockets = flag.Int("gateway.sockets", 200, "how many idle WebSockets TestIdleSockets opens; each takes four file descriptors")

// A body that makes no progress is given up, wherever it goes; one that progresses, however slowly,
// arrives.
func TestSlowBodies(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.app.answer(func(rw http.ResponseWriter, r *http.Request) { io.Copy(rw, r.Body) })
		n := w.serve()
		head := "Host: app.localhost\r\nSec-Fetch-Site: same-origin\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n"
		for path, want := range map[string]string{"/x": "HTTP/1.1 408 ", "/api/login": "HTTP/1.1 400 ", "/api/x": "HTTP/1.1 401 "} {
			conn := n.dial()
			io.WriteString(conn, "POST "+path+" HTTP/1.1\r\n"+head+"ab")
			began := time.Now()
			answer, err := io.ReadAll(conn)
			if took := time.Since(began); err != nil || !strings.HasPrefix(string(answer), want) || took > 2*gateway.Pace {
				t.Errorf("%s: after %v %.40q, %v; want %s", path, took, answer, err, want)
			}
		}
		conn := n.dial()
		io.WriteString(conn, "POST /x HTTP/1.1\r\n"+head)
		go func() {
			for i := range 10 {
				time.Sleep(gateway.Pace - time.Second)
				fmt.Fprint(conn, i)
			}
		}()
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(resp.Body); err != nil || string(body) != "0123456789" {
			t.Errorf("a slow body: %s %q, %v", resp.Status, body, err)
		}
	})
}

// A client that does not read is given up; one that waits for a response that pauses is not.
func TestSlowReaders(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		gone := make(chan time.Time)
		w.app.answer(func(rw http.ResponseWriter, r *http.Request) {
			control := http.NewResponseController(rw)
			if r.URL.Path == "/pause" {
				io.WriteString(rw, "a")
				control.Flush()
				time.Sleep(10 * gateway.Pace)
				io.WriteString(rw, "b")
				return
			}
			block := make([]byte, 1<<20)
			for r.Context().Err() == nil {
				rw.Write(block)
			}
			gone <- time.Now()
		})
		for _, h2 := range []bool{false, true} {
			n := w.start(h2)
			if got := n.stranger().do("GET", "/pause", ""); got.body != "ab" {
				t.Errorf("an answer that pauses: %q", got.body)
			}
		}
		n, began := w.serve(), time.Now()
		conn := n.dial()
		io.WriteString(conn, "GET /flood HTTP/1.1\r\nHost: app.localhost\r\n\r\n")
		conn.Read(make([]byte, 512)) // the response has begun: ReverseProxy flushes it under a lock, for which a bubble would wait
		if took := (<-gone).Sub(began); took > 2*gateway.Pace {
			t.Errorf("a client that does not read is fed for %v", took)
		}
	})
}

// Idle WebSockets cost little and stay open, all of them are watched, and all of them are cut with
// their session.
func TestIdleSockets(t *testing.T) {
	w := newWorld(t)
	w.app.answer(talkative)
	n := w.serve()
	b := n.loggedIn()
	before := inUse()
	open := make([]*socket, *sockets)
	for i := range open {
		open[i] = b.socket("/api/socket")
		open[i].conn.SetDeadline(time.Time{})
	}
	t.Logf("%d idle WebSockets: %d KiB of memory each, for the browser, the gateway and the app together", *sockets, (inUse()-before)/int64(*sockets)/1024)
	open[0].echo(t)
	open[len(open)-1].echo(t)
	b.do("POST", "/api/logout", "{}").want(t, 204, "")
	began := time.Now()
	for _, s := range open {
		closedWithin(t, "an idle socket", time.Minute, s.in)
	}
	t.Logf("all closed %v after the logout", time.Since(began).Round(time.Millisecond))
}

// inUse is the memory of heap and stacks after a collection.
func inUse() int64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapInuse + stats.StackInuse)
}
