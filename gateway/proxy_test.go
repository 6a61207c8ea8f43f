package gateway_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/gateway"
)

// GWY-09: unneeded methods never reach the app.
func TestGWY09Methods(t *testing.T) {
	w := newWorld(t)
	n := w.serve()
	for method, status := range map[string]string{
		"GET": "200", "HEAD": "200", "POST": "200", "PUT": "200", "PATCH": "200", "DELETE": "200", "OPTIONS": "200",
		"TRACE": "405", "CONNECT": "405", "get": "501", "Get": "501", "PROPFIND": "501", "TRACK": "501", "GETT": "501",
	} {
		answer := n.raw(method + " /x HTTP/1.1\r\nHost: app.localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
		if !strings.HasPrefix(answer, "HTTP/1.1 "+status) {
			t.Errorf("%s: %.40q, want %s", method, answer, status)
		}
		if seen := len(w.app.take()); (seen == 1) != (status == "200") {
			t.Errorf("%s: the app saw %d requests", method, seen)
		}
	}
}

// GWY-01, GWY-10: the host must be one of ours, and a request never decides where it goes.
func TestGWY01DestinationsAreConfigured(t *testing.T) {
	w := newWorld(t)
	n := w.serve()
	for request, status := range map[string]string{
		"GET /x HTTP/1.1\r\nHost: evil.example\r\n":                               "421",
		"GET /x HTTP/1.1\r\nHost: app.localhost.\r\n":                             "421",
		"GET /x HTTP/1.1\r\nHost: app.localhost.evil.example\r\n":                 "421",
		"GET /x HTTP/1.1\r\nHost: \r\n":                                           "421",
		"GET /x HTTP/1.1\r\nHost: app.localhost\r\nHost: evil.example\r\n":        "400",
		"GET /x HTTP/1.1\r\n":                                                     "400",
		"GET /x HTTP/1.0\r\n":                                                     "505",
		"GET /x HTTP/1.0\r\nHost: app.localhost\r\n":                              "505",
		"GET http://evil.example/x HTTP/1.1\r\nHost: app.localhost\r\n":           "421",
		"GET http://u:p@app.localhost/x HTTP/1.1\r\nHost: evil.example\r\n":       "200",
		"GET http://app.localhost HTTP/1.1\r\nHost: app.localhost\r\n":            "400",
		"GET x HTTP/1.1\r\nHost: app.localhost\r\n":                               "400",
		"GET //evil.example/x HTTP/1.1\r\nHost: app.localhost\r\n":                "400",
		"GET x:@evil.example/ HTTP/1.1\r\nHost: app.localhost\r\n":                "400",
		"GET http:.evil.example/ HTTP/1.1\r\nHost: app.localhost\r\n":             "400",
		"GET /x HTTP/1.1\r\nHost: app.localhost:evil\r\n":                         "400",
		"GET /x HTTP/1.1\r\nHost: app.localhost:80:80\r\n":                        "400",
		"GET /x HTTP/1.1\r\nHost: app.localhost:+80\r\n":                          "400",
		"GET /x HTTP/1.1\r\nHost: app.localhost:80@evil.example\r\n":              "400",
		"GET /x HTTP/1.1\r\nHost: u@app.localhost\r\n":                            "400",
		"GET /x HTTP/1.1\r\nHost: [app.localhost]\r\n":                            "400",
		"GET /x HTTP/1.1\r\nHost: [app.localhost]:80\r\n":                         "400",
		"GET /x HTTP/1.1\r\nHost: [::1\r\n":                                       "400",
		"GET /x HTTP/1.1\r\nHost: [::1]:80\r\n":                                   "421",
		"GET /x HTTP/1.1\r\nHost: ::1\r\n":                                        "400",
		"GET /x HTTP/1.1\r\nHost: app.localhost:\r\n":                             "200",
		"GET /x HTTP/1.1\r\nHost: APP.localhost:99\r\nX-Forwarded-Host: evil\r\n": "200",
	} {
		answer := n.raw(request + "Connection: close\r\n\r\n")
		if !strings.HasPrefix(answer, "HTTP/1.1 "+status) && !strings.HasPrefix(answer, "HTTP/1.0 "+status) {
			t.Errorf("%q: %.60q, want %s", request, answer, status)
		}
		for _, r := range w.app.take() {
			if status != "200" || r.RequestURI != "/x" || "http://"+r.Host != w.app.URL || r.Header.Get("X-Forwarded-Host") != "app.localhost" || r.Header["Authorization"] != nil {
				t.Errorf("%q: the app saw %s of %s %v", request, r.RequestURI, r.Host, r.Header)
			}
		}
	}
}

// A header that matters here or at the app, sent twice, would be ambiguous.
func TestDoubledHeaders(t *testing.T) {
	w := newWorld(t)
	n := w.serve()
	for _, h2 := range []bool{false, true} {
		if h2 {
			n = w.start(true)
		}
		ada := n.stranger()
		for name, values := range map[string][2]string{
			"Origin": {origin, "http://evil.example"}, "Sec-Fetch-Site": {"same-origin", "cross-site"}, "Sec-Fetch-Mode": {"cors", "navigate"}, "Sec-Fetch-Dest": {"empty", "document"},
			"Content-Type": {"application/json", "text/plain"}, "Referer": {origin + "/", "http://evil.example/"},
		} {
			for _, both := range [][]string{{values[0], values[1]}, {values[1], values[0]}, {values[0], values[0]}, {"", values[0]}} {
				for _, path := range []string{"/x", "/api/login", "/api/x"} {
					r := ada.request("POST", path, "{}")
					r.Header[name] = both
					n.read(ada.open(r)).want(t, 400, "bad_request")
				}
			}
		}
	}
	if seen := w.app.take(); len(seen) != 0 {
		t.Errorf("the app saw %v", seen[0].Header)
	}
}

// A body of GET or HEAD is not passed on: an app that does not read it would take it for the next
// request on a connection that users share.
func TestBodiesOfReads(t *testing.T) {
	w := newWorld(t)
	n := w.serve()
	const smuggled = "GET /smuggled HTTP/1.1\r\nHost: app.localhost\r\n\r\n"
	for _, method := range []string{"GET", "HEAD"} {
		for name, framed := range map[string]string{
			"length":  fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(smuggled), smuggled),
			"chunked": fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(smuggled), smuggled),
		} {
			var body []byte
			w.app.answer(func(_ http.ResponseWriter, r *http.Request) { body, _ = io.ReadAll(r.Body) })
			if answer := n.raw(method + " /x HTTP/1.1\r\nHost: app.localhost\r\nExpect: 100-continue\r\nConnection: close\r\n" + framed); !strings.HasPrefix(answer, "HTTP/1.1 200") {
				t.Errorf("%s, %s: %.40q", method, name, answer)
			}
			if r := w.app.last(t); len(body) != 0 || r.ContentLength != 0 || r.TransferEncoding != nil || r.Header["Content-Length"] != nil || r.Header["Expect"] != nil {
				t.Errorf("%s, %s: the app saw %q, %v %v", method, name, body, r.Header, r.TransferEncoding)
			}
		}
	}
	w.app.answer(func(rw http.ResponseWriter, r *http.Request) { io.Copy(rw, r.Body) })
	if got := n.stranger().do("DELETE", "/x", "kept"); got.body != "kept" {
		t.Errorf("DELETE: %d %s", got.status, got.body)
	}
	b, r := n.stranger(), n.stranger().request("GET", "/x", "")
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader("lost")), 4
	if got := n.read(b.open(r)); got.status != 200 || got.body != "" {
		t.Errorf("GET: %d %s", got.status, got.body)
	}
}

// GWY-08: the end of a message is never ambiguous: what cannot be refused ends the connection.
func TestGWY08Framing(t *testing.T) {
	w := newWorld(t)
	n := w.serve()
	const head, second = "POST /x HTTP/1.1\r\nHost: app.localhost\r\n", "GET /smuggled HTTP/1.1\r\nHost: app.localhost\r\n\r\n"
	for _, c := range []struct {
		name, request string
		reaches       int
	}{
		{"two lengths", head + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd" + second, 0},
		{"bad length", head + "Content-Length: +3\r\n\r\nabc" + second, 0},
		{"unknown coding", head + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + second, 0},
		{"two codings", head + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n" + second, 0},
		{"space before the colon", head + "Content-Length : 3\r\n\r\nabc" + second, 0},
		{"folded", head + "X: a\r\n b\r\nContent-Length: 0\r\n\r\n", 1},
		{"NUL", head + "X: a\x00b\r\n\r\n" + second, 0},
		{"both", head + "Content-Length: 60\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + second, 1},
		{"chunk with a bad size", head + "Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n" + second, 1},
	} {
		n.raw(c.request)
		seen := w.app.take()
		for _, r := range seen {
			if r.URL.Path == "/smuggled" {
				t.Errorf("%s: the rest of the message was taken for a request", c.name)
			}
		}
		if len(seen) > c.reaches {
			t.Errorf("%s: the app saw %d requests, want at most %d", c.name, len(seen), c.reaches)
		}
	}
}

// The app has Timeout, or a minute, to begin its response.
func TestTimeout(t *testing.T) {
	for timeout, want := range map[time.Duration]time.Duration{0: time.Minute, 30 * time.Second: 30 * time.Second} {
		inBubble(t, func(t *testing.T, w *world) {
			b := w.serve(func(c *gateway.Config) { c.Apps[0].Timeout = timeout }).loggedIn()
			release := make(chan struct{})
			defer close(release)
			w.app.answer(func(http.ResponseWriter, *http.Request) { <-release })
			began := time.Now()
			b.do("POST", "/api/x", "{}").want(t, 504, "upstream_timeout")
			if waited := time.Since(began); waited < want || waited > want+time.Second {
				t.Errorf("Timeout %v: the answer came after %v, want %v", timeout, waited, want)
			}
		})
	}
}

// GWY-16: the app may take its time, but not forever; a request that changes something is sent
// once.
func TestGWY16SlowAndBrokenApps(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		n := w.serve(func(c *gateway.Config) { c.Apps[0].Timeout = 30 * time.Second })
		b := n.loggedIn()
		release := make(chan struct{})
		w.app.answer(func(http.ResponseWriter, *http.Request) { <-release })
		b.do("POST", "/api/x", "{}").want(t, 504, "upstream_timeout")
		close(release)
		w.app.answer(func(rw http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) })
		b.do("POST", "/api/x", "{}").want(t, 502, "upstream_unavailable")
		if seen := len(w.app.take()); seen != 2 {
			t.Errorf("the app saw %d requests, want 2", seen)
		}
		w.app.answer(nil)
		b.do("GET", "/api/x", "").want(t, 200, "")

		w.app.Close()
		got := b.do("GET", "/api/x", "")
		got.want(t, 502, "upstream_unavailable")
		if got.header.Get("Retry-After") == "" || strings.Contains(got.body, "127.0.0.1") {
			t.Errorf("%v %s", got.header, got.body)
		}
		if got := b.do("GET", "/api/user", ""); got.status != 200 {
			t.Errorf("the session after the app was down: %d %s", got.status, got.body)
		}
	})
}

// New cookies of a session are set even if the app is down: otherwise the browser would lose the
// refresh.
func TestRefreshWhileTheAppIsDown(t *testing.T) {
	w := newWorld(t)
	n := w.serve()
	b := n.loggedIn()
	w.clock.Advance(2 * time.Minute)
	b.do("GET", "/api/x", "").want(t, 200, "")
	w.app.Close()
	w.clock.Advance(2 * time.Hour)
	got := b.do("GET", "/api/x", "")
	got.want(t, 502, "upstream_unavailable")
	if len(got.header["Set-Cookie"]) != 2 {
		t.Errorf("%v", got.header)
	}
}

// GWY-17: ambiguous parts of a query are dropped.
func TestGWY17Query(t *testing.T) {
	w := newWorld(t)
	w.serve().stranger().do("GET", "/x?a=1;b=2&c=%zz&d=4", "").want(t, 200, "")
	if got := w.app.last(t).RequestURI; got != "/x?d=4" {
		t.Errorf("the app saw %s", got)
	}
}

// GWY-20: responses of the gateway reveal nothing about the request or the app.
func TestGWY20Refusals(t *testing.T) {
	w := newWorld(t)
	n := w.serve(func(c *gateway.Config) { c.Apps[0].Upstream = "http://127.0.0.1:1" })
	for _, path := range []string{"/<script>alert(1)</script>", "/a//<script>", "/api/<script>"} {
		resp := n.raw("GET " + path + " HTTP/1.1\r\nHost: app.localhost\r\nX: <script>\r\nConnection: close\r\n\r\n")
		if strings.Contains(resp, "script") || strings.Contains(resp, "127.0.0.1") || !strings.Contains(resp, "nosniff") || !strings.Contains(resp, "application/problem+json") {
			t.Errorf("%s: %s", path, resp)
		}
	}
}

// State-changing requests from other origins never reach the app, with or without a login.
func TestCrossOrigin(t *testing.T) {
	w := newWorld(t)
	n := w.serve()
	for _, b := range []*browser{n.stranger(), n.loggedIn()} {
		for _, path := range []string{"/x", "/api/x", "/api/login"} {
			r := b.request("POST", path, "{}")
			r.Header.Set("Origin", "http://evil.example")
			r.Header.Set("Sec-Fetch-Site", "cross-site")
			n.read(b.open(r)).want(t, 403, "cross_origin")
		}
	}
	if seen := w.app.take(); len(seen) != 0 {
		t.Errorf("the app saw %d requests", len(seen))
	}
}

// Large bodies pass in both directions, unchanged and unbuffered.
func TestLargeBodies(t *testing.T) {
	const size = 64 << 20
	w := newWorld(t)
	w.app.answer(func(rw http.ResponseWriter, r *http.Request) {
		sum := sha256.New()
		n, err := io.Copy(sum, r.Body)
		fmt.Fprintf(rw, "%d %x %v", n, sum.Sum(nil), err)
	})
	block := bytes.Repeat([]byte("0123456789abcdef"), 4096)
	sum := sha256.New()
	for range size / len(block) {
		sum.Write(block)
	}
	for _, h2 := range []bool{false, true} {
		n := w.start(h2)
		for _, length := range []int64{size, -1} {
			body, write := io.Pipe()
			go func() {
				for range size / len(block) {
					write.Write(block)
				}
				write.Close()
			}()
			r := n.stranger().request("POST", "/upload", "")
			r.Body, r.ContentLength = body, length
			got := n.read(n.stranger().open(r))
			if want := fmt.Sprintf("%d %x <nil>", size, sum.Sum(nil)); got.body != want {
				t.Errorf("length %d: %d %s, want %s", length, got.status, got.body, want)
			}
		}
	}
	n := w.serve(func(c *gateway.Config) { c.Apps[0].MaxBody = 1000 })
	n.stranger().do("POST", "/upload", strings.Repeat("x", 1001)).want(t, 413, "payload_too_large")
	n.stranger().do("POST", "/upload", strings.Repeat("x", 1000)).want(t, 200, "")
}

// What one side sends arrives at the other immediately, in both directions at the same time, over
// HTTP/1.1 and HTTP/2.
func TestStreamsBothWays(t *testing.T) {
	w := newWorld(t)
	w.app.answer(func(rw http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(rw)
		control.EnableFullDuplex()
		rw.Header().Set("X-Proto", r.Proto)
		control.Flush()
		in := bufio.NewScanner(r.Body)
		for in.Scan() {
			fmt.Fprintln(rw, "echo", in.Text())
			control.Flush()
		}
	})
	for _, h2 := range []bool{false, true} {
		n := w.start(h2)
		body, write := io.Pipe()
		r := n.stranger().request("POST", "/echo", "")
		r.Body, r.ContentLength = body, -1
		go io.WriteString(write, "0\n")
		resp := n.stranger().open(r)
		in := bufio.NewReader(resp.Body)
		for i := range 5 {
			if line, err := in.ReadString('\n'); err != nil || line != fmt.Sprintf("echo %d\n", i) {
				t.Fatalf("%s: %q, %v", resp.Proto, line, err)
			}
			fmt.Fprintf(write, "%d\n", i+1)
		}
		write.Close()
		if (resp.ProtoMajor == 2) != h2 {
			t.Errorf("that was %s", resp.Proto)
		}
	}
}

// A response of known length is not held back either.
func TestSlowAnswerOfKnownLength(t *testing.T) {
	w := newWorld(t)
	next := make(chan struct{})
	w.app.answer(func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Length", "4")
		for _, part := range []string{"ab", "cd"} {
			io.WriteString(rw, part)
			http.NewResponseController(rw).Flush()
			<-next
		}
	})
	n := w.serve()
	resp := n.stranger().open(n.stranger().request("GET", "/x", ""))
	for _, want := range []string{"ab", "cd"} {
		part := make([]byte, 2)
		if _, err := io.ReadFull(resp.Body, part); err != nil || string(part) != want {
			t.Fatalf("got %q, %v", part, err)
		}
		next <- struct{}{}
	}
}

// When the browser goes away, the app's request is cancelled.
func TestCancellationReachesTheApp(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		for _, h2 := range []bool{false, true} {
			for _, begun := range []bool{false, true} {
				arrived, gone := make(chan struct{}), make(chan struct{})
				w.app.answer(func(rw http.ResponseWriter, r *http.Request) {
					if begun {
						io.WriteString(rw, "begun")
						http.NewResponseController(rw).Flush()
					}
					close(arrived)
					<-r.Context().Done()
					close(gone)
				})
				n := w.start(h2)
				ctx, cancel := context.WithCancel(t.Context())
				go func() { <-arrived; cancel() }()
				resp, err := n.client.Do(n.stranger().request("GET", "/x", "").WithContext(ctx))
				if err == nil {
					_, err = io.ReadAll(resp.Body)
				}
				if !errors.Is(err, context.Canceled) {
					t.Errorf("the request went on: %v", err)
				}
				select {
				case <-gone:
				case <-time.After(time.Second):
					t.Fatalf("HTTP/2 %v, begun %v: the app was not told", h2, begun)
				}
			}
		}
	})
}

// A response that the app breaks off is broken off here: it must not look complete.
func TestBrokenAnswer(t *testing.T) {
	w := newWorld(t)
	w.app.answer(func(rw http.ResponseWriter, r *http.Request) {
		io.WriteString(rw, "half")
		http.NewResponseController(rw).Flush()
		panic(http.ErrAbortHandler)
	})
	for _, h2 := range []bool{false, true} {
		n := w.start(h2)
		resp := n.stranger().open(n.stranger().request("GET", "/x", ""))
		if _, err := io.ReadAll(resp.Body); err == nil {
			t.Error("half of an answer looked whole")
		}
	}
}

// Two apps on two hosts are independent.
func TestManyApps(t *testing.T) {
	w := newWorld(t)
	other := w.upstream()
	n := w.serve(func(c *gateway.Config) {
		second := c.Apps[0]
		second.Login.Origin, second.Upstream = "http://other.localhost", other.URL
		c.Apps = append(c.Apps, second)
	})
	b := n.loggedIn()
	b.do("GET", "/api/x", "").want(t, 200, "")
	r := b.request("GET", "/api/x", "")
	r.Host = "other.localhost"
	n.read(b.open(r)).want(t, 401, "login_required")
	if len(w.app.take()) != 1 || len(other.take()) != 0 {
		t.Error("a request went to the wrong app")
	}
	_, err := gateway.New(gateway.Config{Apps: []gateway.App{{Login: w.login, Upstream: w.app.URL}, {Login: w.login, Upstream: w.app.URL}}})
	if err == nil || !strings.Contains(err.Error(), "two apps on the host app.localhost") {
		t.Errorf("two apps on one host: %v", err)
	}
}

// Every mistake in a Config is reported, the guard's too.
func TestBadConfig(t *testing.T) {
	w := newWorld(t)
	bad := w.login
	bad.IdleTimeout, bad.Store = -1, nil
	_, err := gateway.New(gateway.Config{Apps: []gateway.App{
		{Login: bad, Upstream: w.app.URL}, {Login: w.login}, {Login: w.login, Upstream: "localhost:3000"}, {Login: w.login, Upstream: w.app.URL, UserKey: "short"},
		{Login: w.login, Page: os.DirFS(t.TempDir())}, {Login: w.login, Page: os.DirFS("."), DevServer: "http://localhost:5173"},
	}})
	var app *gateway.AppError
	var login *latchkey.ConfigError
	if !errors.As(err, &app) || app.Index != 0 || !errors.As(err, &login) {
		t.Errorf("%v", err)
	}
	for _, want := range []string{"Store: required", "IdleTimeout: negative", "nothing to serve", "Upstream: want http://host:port", "UserKey: shorter", "no index.html", "only one of the two"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("not told: %s\n%v", want, err)
		}
	}
	if _, err := gateway.New(gateway.Config{}); err == nil {
		t.Error("a gateway without an app")
	}
}
