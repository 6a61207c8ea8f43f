package e2e_test

import (
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// TestBound_handshake: a WebSocket handshake is a request like others, and waits for the proof.
func TestBound_handshake(t *testing.T) {
	t.Parallel()
	s, b := newWorldAt(t, secure).store, newBinder(t)
	p := s.enterAndBind(b)
	const path = "/socket"
	socket := s.guard.Protect(http.HandlerFunc(s.shakeHands))
	s.front.answer(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == path {
			socket.ServeHTTP(w, r)
			return
		}
		s.app.ServeHTTP(w, r)
	})
	b.loseProof(s.origin)
	s.forget()
	opened := read[bool](p, fmt.Sprintf(`new Promise(done => {
		const socket = new WebSocket(%q);
		socket.onopen = () => done(true);
		socket.onclose = () => done(false);
	})`, strings.Replace(s.origin, "https:", "wss:", 1)+path))
	if !opened {
		t.Error("the socket did not open")
	}
	s.wantUnnoticed("a handshake")
}

// shakeHands opens a WebSocket, and then closes the connection.
func (s *site) shakeHands(w http.ResponseWriter, r *http.Request) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		s.Error(err)
		return
	}
	defer conn.Close()
	accept := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: %s\r\n\r\n",
		base64.StdEncoding.EncodeToString(accept[:]))
}
