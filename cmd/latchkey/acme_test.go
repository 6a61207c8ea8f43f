package main

import (
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/letsencrypt/pebble/v2/ca"
	"github.com/letsencrypt/pebble/v2/db"
	"github.com/letsencrypt/pebble/v2/va"
	"github.com/letsencrypt/pebble/v2/wfe"
	"github.com/miekg/dns"
)

// startACME runs an ACME server for which every host is on this machine. It returns its directory,
// the file with its own root certificate, and the file with the root of the certificates that it
// issues.
func startACME(t *testing.T, httpPort, tlsPort int) (directory, rootFile, issuedBy string) {
	t.Helper()
	t.Setenv("PEBBLE_VA_NOSLEEP", "1")
	resolver, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	names := &dns.Server{Listener: resolver, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		reply := new(dns.Msg).SetReply(q)
		if question := q.Question[0]; question.Qtype == dns.TypeA {
			reply.Answer = []dns.RR{&dns.A{Hdr: dns.RR_Header{Name: question.Name, Rrtype: dns.TypeA, Class: dns.ClassINET}, A: net.IPv4(127, 0, 0, 1)}}
		}
		w.WriteMsg(reply)
	})}
	go names.ActivateAndServe()
	t.Cleanup(func() { names.Shutdown() })

	quiet, store := log.New(io.Discard, "", 0), db.NewMemoryStore()
	authority := ca.New(quiet, store, "", "ecdsa", 0, 1, map[string]ca.Profile{"default": {}})
	front := wfe.New(quiet, store, va.New(quiet, httpPort, tlsPort, false, resolver.Addr().String(), store), authority, []string{"pebble.test"}, false, false, 1, 1)
	server := httptest.NewTLSServer(front.Handler())
	t.Cleanup(server.Close)
	rootFile, issuedBy = filepath.Join(t.TempDir(), "server.pem"), filepath.Join(t.TempDir(), "issuer.pem")
	if err := writePEM(rootFile, "CERTIFICATE", server.Certificate().Raw); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(issuedBy, authority.GetRootCert(0).PEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	return server.URL + wfe.DirectoryPath, rootFile, issuedBy
}

// freePort returns a port that is free at the moment.
func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

// tls: auto gets a certificate from a public authority, answers both kinds of challenge, sends
// plain HTTP to https, and sets HSTS.
func TestAutomaticCertificates(t *testing.T) {
	for name, redirect := range map[string]bool{"TLS-ALPN-01": false, "HTTP-01 and TLS-ALPN-01": true} {
		t.Run(name, func(t *testing.T) {
			tlsPort, httpPort := freePort(t), freePort(t)
			directory, root, issuedBy := startACME(t, httpPort, tlsPort)
			s := newServed(t)
			head := "listen: 127.0.0.1:" + strconv.Itoa(tlsPort) + "\ntls: {auto: true, email: ops@example.com, directory: \"" + directory + "\", root_file: " + root + "}\n"
			if redirect {
				head += "redirect: 127.0.0.1:" + strconv.Itoa(httpPort) + "\n"
			}
			s.writeWith(head, "")
			path := filepath.Join(s.dir, "latchkey.yaml")
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(strings.Replace(string(text), "app.localhost", "app.example.com", 1)), 0o600); err != nil {
				t.Fatal(err)
			}
			s.start()
			s.logged("certificate obtained")
			s.trust(issuedBy)
			s.untilShaken()
			resp := s.open("GET", "/x", "", nil)
			if resp.StatusCode != 200 || resp.ProtoMajor != 2 || resp.Header.Get("Strict-Transport-Security") == "" {
				t.Errorf("%s %s %v", resp.Proto, resp.Status, resp.Header)
			}
			if redirect {
				checkRedirect(t, httpPort, s.origins[0])
			}
			s.interrupt()
			began := time.Now()
			s.start() // with the certificate that was kept
			s.trust(issuedBy)
			s.want("/x", nil, 200, "bearer")
			if took := time.Since(began); took > 3*time.Second {
				t.Errorf("the second start took %v", took)
			}
			s.interrupt()
		})
	}
}

// untilShaken waits until a certificate that was obtained is also in use.
func (s *served) untilShaken() {
	s.Helper()
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		resp, err := s.client.Get(s.origins[0])
		if err == nil {
			resp.Body.Close()
			return
		}
		if time.Now().After(end) {
			s.Fatal(err)
		}
	}
}

func checkRedirect(t *testing.T, httpPort int, origin string) {
	t.Helper()
	for host, want := range map[string]string{"app.example.com": origin + "/a?b=c", "evil.example": ""} {
		r, err := http.NewRequestWithContext(t.Context(), "GET", "http://127.0.0.1:"+strconv.Itoa(httpPort)+"/a?b=c", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = host
		resp, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if got := resp.Header.Get("Location"); got != want || want != "" && resp.StatusCode != 308 {
			t.Errorf("%s: %s to %q, want %q", host, resp.Status, got, want)
		}
	}
}
