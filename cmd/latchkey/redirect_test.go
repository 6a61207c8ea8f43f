package main

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// The redirect stays on the host, whatever the request says, and never asks a browser to repeat
// what has crossed the network in the clear.
func TestRedirectToHTTPS(t *testing.T) {
	for port, origin := range map[string]string{"443": "https://app.example.com", "8443": "https://app.example.com:8443"} {
		c := &certificates{}
		c.hosts.Store(&[]string{"app.example.com"})
		server := httptest.NewServer(c.redirect(port))
		defer server.Close()
		for _, want := range []struct {
			request, host string
			status        int
			to            string
		}{
			{"GET /", "app.example.com", 308, "/"},
			{"HEAD /a?b=c&d=%2F", "app.example.com", 308, "/a?b=c&d=%2F"},
			{"GET /a%2Fb%20c", "APP.example.com:80", 308, "/a%2Fb%20c"},
			{"GET http://app.example.com/x", "other.example", 308, "/x"},
			{"GET //evil.example/x", "app.example.com", 308, "//evil.example/x"},
			{"GET x:@evil.example/", "app.example.com", 400, ""},
			{"GET http:.evil.example/", "app.example.com", 400, ""},
			{"GET /", "app.example.com:evil", 400, ""},
			{"GET /", "app.example.com:80@evil.example", 400, ""},
			{"GET /", "u@app.example.com", 400, ""},
			{"GET /", "evil.example", 421, ""},
			{"GET http://evil.example/", "app.example.com", 421, ""},
			{"POST /api/login", "app.example.com", 405, ""},
			{"PUT /x", "app.example.com", 405, ""},
			{"DELETE /x", "app.example.com", 405, ""},
			{"OPTIONS /", "app.example.com", 405, ""},
			{"PROPFIND /", "app.example.com", 405, ""},
		} {
			conn, err := net.Dial("tcp", server.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			conn.SetDeadline(time.Now().Add(time.Minute))
			io.WriteString(conn, want.request+" HTTP/1.1\r\nHost: "+want.host+"\r\nContent-Length: 0\r\n\r\n")
			resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatalf("%s of %s: %v", want.request, want.host, err)
			}
			location := resp.Header.Get("Location")
			to := ""
			if want.to != "" {
				to = origin + want.to
			}
			if resp.StatusCode != want.status || location != to || !resp.Close {
				t.Errorf("%s of %s: %s to %q, want %d to %q", want.request, want.host, resp.Status, location, want.status, to)
			}
			conn.Close()
		}
	}
}
