package main

import (
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// addr is where the gateway listens.
func (s *served) addr() string {
	if s.listens != "" {
		return "127.0.0.1:" + s.listens
	}
	return "127.0.0.1:" + port(s.T, s.origins[0])
}

// quietApp answers upgrades and then echoes.
func quietApp(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") == "" {
			next.ServeHTTP(w, r)
			return
		}
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
		io.CopyBuffer(struct{ io.Writer }{conn}, struct{ io.Reader }{conn}, make([]byte, 64)) // not by splice, which needs two more files
	})
}

func (s *served) openSockets(cookies []*http.Cookie, count int) []net.Conn {
	s.Helper()
	handshake := "GET /api/socket HTTP/1.1\r\nHost: " + strings.TrimPrefix(s.origins[0], "http://") + "\r\nOrigin: " + s.origins[0] + "\r\nCookie: " + cookieLine(cookies) +
		"\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
	open := make([]net.Conn, count)
	const openers = 32
	var all sync.WaitGroup
	for opener := range openers {
		all.Go(func() {
			for i := opener; i < count; i += openers {
				conn, err := net.Dial("tcp", s.addr())
				if err != nil {
					s.Error(err)
					return
				}
				s.Cleanup(func() { conn.Close() })
				open[i] = conn
				conn.SetDeadline(time.Now().Add(30 * time.Second))
				io.WriteString(conn, handshake)
				var answer [1024]byte // nothing comes after the head
				n, err := conn.Read(answer[:])
				if err != nil || !strings.HasPrefix(string(answer[:n]), "HTTP/1.1 101 ") {
					s.Errorf("handshake: %q, %v", answer[:n], err)
					return
				}
				conn.SetDeadline(time.Time{})
			}
		})
	}
	all.Wait()
	if s.Failed() {
		s.Fatalf("%.2000s", s.stderr)
	}
	return open
}
