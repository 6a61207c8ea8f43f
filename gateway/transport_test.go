package gateway_test

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey/gateway"
)

// fickle is an app that closes every connection at the worst moment: when the second request
// arrives on it, without reading it. It counts the requests that it has read to their end.
func (w *world) fickle(answered *atomic.Int64) (url string) {
	l := w.network.listen(w)
	w.Cleanup(func() { l.Close() })
	serve := func(conn net.Conn) {
		defer conn.Close()
		in := bufio.NewReader(conn)
		r, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return
		}
		answered.Add(1)
		io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		in.Peek(1)
	}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go serve(conn)
		}
	}()
	return "http://" + l.Addr().String()
}

// A connection that the app closes while a request is written to it loses no response, and no
// request that changes something is sent twice.
func TestConnectionsClosedAtTheWorstMoment(t *testing.T) {
	for _, pipes := range []bool{false, true} {
		run := func(t *testing.T, w *world) {
			var answered atomic.Int64
			url := w.fickle(&answered)
			n := w.serve(func(c *gateway.Config) { c.Apps[0].Upstream = url })
			b := n.stranger()
			for i, c := range []struct{ method, body string }{
				{"GET", ""}, {"POST", `{"a":1}`}, {"GET", ""}, {"PUT", "x"}, {"DELETE", ""}, {"GET", ""}, {"POST", ""}, {"PATCH", strings.Repeat("x", 100<<10)}, {"HEAD", ""}, {"POST", "x"}, {"OPTIONS", ""}, {"DELETE", "x"}, {"GET", ""},
			} {
				before := answered.Load()
				if got := b.do(c.method, "/x", c.body); got.status != 200 {
					t.Errorf("%d: %s: %d %s", i, c.method, got.status, got.body)
				}
				if n := answered.Load() - before; n != 1 {
					t.Errorf("%d: %s was answered %d times", i, c.method, n)
				}
			}
		}
		if pipes {
			inBubble(t, run)
		} else {
			run(t, newWorld(t))
		}
	}
}

// An app that has begun to work is not sent the request again, whatever the request says about
// repeating it, and whether the connection was used before or not.
func TestNothingIsDeliveredTwice(t *testing.T) {
	for _, secure := range []bool{false, true} {
		w := newWorld(t)
		var worked atomic.Int64
		app := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if r.Method == "GET" {
				return
			}
			if r.Header.Get("Idempotency-Key")+r.Header.Get("X-Idempotency-Key") != "k" {
				t.Errorf("the app saw %v", r.Header)
			}
			worked.Add(1)
			panic(http.ErrAbortHandler)
		}))
		app.Config.ErrorLog = nil
		if secure {
			app.StartTLS()
		} else {
			app.Start()
		}
		defer app.Close()
		n := w.serve(func(c *gateway.Config) { c.Apps[0].Upstream = app.URL })
		gateway.TrustApps(n.gateway, &tls.Config{InsecureSkipVerify: true})
		for _, name := range []string{"Idempotency-Key", "X-Idempotency-Key"} {
			for _, body := range []string{"", "{}"} {
				for _, method := range []string{"POST", "PUT", "DELETE"} {
					n.stranger().do("GET", "/x", "").want(t, 200, "") // leaves a connection behind
					before := worked.Load()
					n.stranger().do(method, "/x", body, name, "k").want(t, 502, "upstream_unavailable")
					if got := worked.Load() - before; got != 1 {
						t.Errorf("https %v, %s with body %q and %s was delivered %d times", secure, method, body, name, got)
					}
				}
			}
		}
	}
}

// The app closes a connection of one request first, so that it does not cost the gateway a port for
// a minute. If it does not, the gateway does soon.
func TestConnectionsOfOneRequestCostNoPort(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		l := w.network.listen(w)
		defer l.Close()
		closed := make(chan time.Duration)
		go func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				r, err := http.ReadRequest(bufio.NewReader(conn))
				if err != nil || !r.Close {
					t.Errorf("%v, %v", r, err)
				}
				io.Copy(io.Discard, r.Body)
				io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
				answered := time.Now()
				conn.SetReadDeadline(answered.Add(time.Minute))
				if n, err := conn.Read(make([]byte, 1)); err != io.EOF {
					t.Errorf("%d, %v", n, err)
				}
				closed <- time.Since(answered)
				conn.Close()
			}
		}()
		n := w.serve(func(c *gateway.Config) { c.Apps[0].Upstream = "http://" + l.Addr().String() })
		for _, method := range []string{"POST", "PUT", "PATCH", "DELETE"} {
			n.stranger().do(method, "/x", "{}").want(t, 200, "")
			if after := <-closed; after < 100*time.Millisecond || after > time.Second {
				t.Errorf("%s: the gateway closes after %v", method, after)
			}
		}
	})
}

// A connection is closed before any common app closes it: gunicorn after 2 seconds, Node.js and
// uvicorn after 5.
func TestConnectionsAreGivenUpFirst(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		var opened, closed atomic.Int64
		w.app.Config.ConnState = func(_ net.Conn, state http.ConnState) {
			switch state {
			case http.StateNew:
				opened.Add(1)
			case http.StateClosed:
				closed.Add(1)
			}
		}
		n := w.serve()
		for range 5 {
			n.stranger().do("GET", "/x", "").want(t, 200, "")
			time.Sleep(time.Second)
		}
		if got := opened.Load(); got != 1 {
			t.Errorf("%d connections for requests that follow one another", got)
		}
		time.Sleep(time.Second - time.Millisecond)
		if got := closed.Load(); got != 1 {
			t.Errorf("%d connections were given up within 2 seconds", got)
		}
	})
}
