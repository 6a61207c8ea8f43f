package gateway_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// talkative is an app with a WebSocket at …/socket, which echoes, and a stream of events at
// …/events.
func talkative(rw http.ResponseWriter, r *http.Request) {
	control := http.NewResponseController(rw)
	switch {
	case strings.HasSuffix(r.URL.Path, "/socket"):
		conn, in, err := control.Hijack()
		if err != nil {
			panic(err)
		}
		defer conn.Close()
		io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-App: yes\r\nSet-Cookie: __Host-session=mallory\r\n\r\n")
		io.Copy(conn, in)
	case strings.HasSuffix(r.URL.Path, "/events"):
		rw.Header().Set("Content-Type", "text/event-stream")
		for i := 0; ; i++ {
			fmt.Fprintf(rw, "data: %d\n\n", i)
			control.Flush()
			select {
			case <-r.Context().Done():
				return
			case <-time.After(time.Minute):
			}
		}
	}
}

// A socket is a WebSocket after its handshake, or the refusal of one. The gateway does not read
// what goes over it.
type socket struct {
	conn     net.Conn
	in       *bufio.Reader
	response *http.Response
}

func (b *browser) socket(path string, header ...string) *socket {
	b.node.Helper()
	conn := b.node.dial()
	r := b.request("GET", path, "", append([]string{"Connection", "Upgrade", "Sec-Websocket-Version", "13"}, header...)...)
	if r.Header["Upgrade"] == nil {
		r.Header.Set("Upgrade", "websocket")
	}
	if r.Header["Origin"] == nil {
		r.Header.Set("Origin", origin)
	}
	if err := r.Write(conn); err != nil {
		b.node.Fatal(err)
	}
	in := bufio.NewReader(conn)
	resp, err := http.ReadResponse(in, r)
	if err != nil {
		b.node.Fatal(err)
	}
	b.keep(resp)
	return &socket{conn, in, resp}
}

// echo reports whether the socket is open from end to end.
func (s *socket) echo(t *testing.T) {
	t.Helper()
	io.WriteString(s.conn, "ping\n")
	if line, err := s.in.ReadString('\n'); err != nil || line != "ping\n" {
		t.Fatalf("the socket says %q, %v", line, err)
	}
}

// closedWithin waits for the end of a stream.
func closedWithin(t *testing.T, what string, limit time.Duration, in io.Reader) {
	t.Helper()
	closed := make(chan struct{})
	go func() { io.Copy(io.Discard, in); close(closed) }()
	select {
	case <-closed:
	case <-time.After(limit):
		t.Errorf("still open after %v: %s", limit, what)
	}
}

func events(t *testing.T, b *browser, path string) *bufio.Reader {
	t.Helper()
	in := bufio.NewReader(b.open(b.request("GET", path, "")).Body)
	if line, err := in.ReadString('\n'); err != nil || line != "data: 0\n" {
		t.Fatalf("the first event: %q, %v", line, err)
	}
	return in
}

// GWY-11: a WebSocket needs a session if the path does, and always our origin; no other upgrade is
// allowed.
func TestGWY11Upgrade(t *testing.T) {
	w := newWorld(t)
	w.app.answer(talkative)
	n := w.serve()
	ada := n.loggedIn()
	s := ada.socket("/api/socket")
	if s.response.StatusCode != 101 || s.response.Header.Get("X-App") != "yes" || strings.Contains(fmt.Sprint(s.response.Header), "mallory") {
		t.Fatalf("%s %v", s.response.Status, s.response.Header)
	}
	s.echo(t)
	w.app.take()
	for _, c := range []struct {
		name   string
		socket *socket
		status int
	}{
		{"nobody", n.stranger().socket("/api/socket"), 401},
		{"another origin", ada.socket("/api/socket", "Origin", "http://evil.example"), 403},
		{"another origin, unprotected", ada.socket("/socket", "Origin", "http://evil.example"), 403},
		{"null origin", ada.socket("/api/socket", "Origin", "null"), 403},
	} {
		if c.socket.response.StatusCode != c.status {
			t.Errorf("%s: %s, want %d", c.name, c.socket.response.Status, c.status)
		}
	}
	if seen := w.app.take(); len(seen) != 0 {
		t.Errorf("a refused WebSocket reached the app: %v", seen[0].Header)
	}
	w.app.answer(nil)
	ada.socket("/api/x", "Upgrade", "h2c")
	if r := w.app.last(t); r.Header["Upgrade"] != nil {
		t.Errorf("the app saw %v", r.Header)
	}
}

// A WebSocket handshake refreshes an expired session like every other request, and returns the new
// cookies.
func TestHandshakeRefreshes(t *testing.T) {
	w := newWorld(t)
	w.app.answer(talkative)
	n := w.serve()
	b := n.loggedIn()
	w.clock.Advance(2 * time.Minute)
	b.do("GET", "/api/user", "").want(t, 200, "")
	w.clock.Advance(2 * time.Hour)
	s := b.socket("/api/socket")
	if s.response.StatusCode != 101 || len(s.response.Cookies()) != 2 {
		t.Fatalf("%s %v", s.response.Status, s.response.Header)
	}
	s.echo(t)
	if got := b.do("GET", "/api/user", ""); got.status != 200 || len(got.header["Set-Cookie"]) != 0 {
		t.Errorf("with the cookies of the handshake: %d %v", got.status, got.header)
	}
}

// GWY-11: WebSockets and event streams are closed within a second of the end of their session, on
// the node where it ended and on every other; streams of other sessions stay.
func TestGWY11StreamsEndWithTheirSession(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.app.answer(talkative)
		here, there := w.serve(), w.serve()
		other := here.loggedIn()
		for name, end := range map[string]func(b *browser){
			"logout":     func(b *browser) { b.do("POST", "/api/logout", "{}").want(t, 204, "") },
			"from afar":  func(*browser) { other.do("DELETE", "/api/sessions", "").want(t, 204, "") },
			"next login": func(b *browser) { b.node.loginAgain(b) },
		} {
			ada := here.loggedIn()
			socketHere, socketThere := ada.socket("/api/socket"), ada.at(there).socket("/api/socket")
			open := ada.socket("/socket") // with the user, but not protected
			eventsHere, eventsThere := events(t, ada, "/api/events"), events(t, ada.at(there), "/api/events")
			others, nobodys := other.at(there).socket("/api/socket"), there.stranger().socket("/socket")
			end(ada)
			ended := time.Now()
			closedWithin(t, name+": socket here", time.Second, socketHere.in)
			closedWithin(t, name+": unprotected socket here", time.Second-time.Since(ended), open.in)
			closedWithin(t, name+": events here", time.Second-time.Since(ended), eventsHere)
			closedWithin(t, name+": socket there", time.Second-time.Since(ended), socketThere.in)
			closedWithin(t, name+": events there", time.Second-time.Since(ended), eventsThere)
			others.echo(t)
			nobodys.echo(t)
		}
	})
}

func (n *node) loginAgain(b *browser) {
	n.Helper()
	before := b.cookies["__Host-session"]
	b.do("POST", "/api/login", `{"email":"ada@example.com","password":"`+password+`"}`).want(n, 200, "")
	if b.cookies["__Host-session"] == before {
		n.Error("the cookie is the same")
	}
}

// A stream with a session does not outlive the session id that opened it.
func TestStreamsEndWithTheCap(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.app.answer(talkative)
		w.login.SessionCap = time.Hour
		n := w.serve()
		b := n.loggedIn()
		nobodys := n.stranger().socket("/socket")
		adas := b.socket("/api/socket")
		time.Sleep(time.Hour - time.Second)
		adas.echo(t)
		closedWithin(t, "a socket beyond the cap", 2*time.Second, adas.in)
		nobodys.echo(t)
	})
}

// Watching streams writes nothing to the session and does not keep it alive.
func TestStreamsAreNoUse(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.app.answer(talkative)
		n := w.serve()
		b := n.loggedIn()
		s := b.socket("/api/socket")
		time.Sleep(31 * time.Minute)
		s.echo(t)
		stolen := n.stranger()
		stolen.cookies["__Host-session"] = b.cookies["__Host-session"]
		stolen.do("GET", "/api/user", "").want(t, 404, "not_logged_in")
		if got := b.do("GET", "/api/user", ""); got.status != 200 {
			t.Errorf("the refresh cookie: %d %s", got.status, got.body)
		}
	})
}

// A gateway that stops lets requests end and does not wait for streams.
func TestShutdown(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.app.answer(talkative)
		n := w.serve()
		ada, nobody := n.loggedIn().socket("/api/socket"), n.stranger().socket("/socket")
		ada.echo(t)
		n.gateway.CloseStreams()
		closedWithin(t, "Ada's socket", 2*time.Second, ada.in)
		closedWithin(t, "nobody's socket", 2*time.Second, nobody.in)
		if err := n.gateway.Wait(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
