package main

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// trust makes the client trust the certificate authority in a file, and no other.
func (s *served) trust(path string) {
	s.Helper()
	pem, err := os.ReadFile(path)
	if err != nil {
		s.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		s.Fatalf("%s has no certificate", path)
	}
	s.client.Transport.(*http.Transport).TLSClientConfig = &tls.Config{RootCAs: roots}
}

// tls: local creates an authority that browsers can trust, for these hosts and no others; there is
// no HSTS.
func TestLocalTLS(t *testing.T) {
	s := newServed(t)
	s.writeWith("listen: 127.0.0.1:0\ntls: local\n", "")
	s.start()
	if !strings.HasPrefix(s.origins[0], "https://app.localhost:") {
		t.Errorf("ready at %s", s.origins)
	}
	s.logged("sudo security add-trusted-cert")
	authority := filepath.Join(s.dir, "local-ca.pem")
	s.trust(authority)
	ada := s.login()
	s.want("/api/x", ada, 200, "bearer true")
	resp := s.open("GET", "/x", "", nil)
	if resp.ProtoMajor != 2 || resp.Header["Strict-Transport-Security"] != nil {
		t.Errorf("%s %v", resp.Proto, resp.Header)
	}
	stranger := &tls.Config{ServerName: "example.com", InsecureSkipVerify: true}
	if conn, err := tls.Dial("tcp", "127.0.0.1:"+port(t, s.origins[0]), stranger); err == nil {
		conn.Close()
		t.Error("a certificate for a host that is not ours")
	}
	info, err := os.Stat(filepath.Join(s.dir, "local-ca.key"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	before, err := os.ReadFile(authority)
	if err != nil {
		t.Fatal(err)
	}
	s.interrupt()
	s.start()
	s.trust(authority)
	s.want("/api/x", nil, 401, "login_required")
	s.interrupt()
	if after, err := os.ReadFile(authority); err != nil || string(after) != string(before) {
		t.Error("a restart made another authority")
	}
}

// A local authority cannot vouch for a site that it was not made for, even if somebody signs such a
// certificate with its key.
func TestLocalAuthorityIsConfined(t *testing.T) {
	a, err := openLocalAuthority(t.TempDir(), []string{"app.localhost", "dev.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(a.cert)
	for host, good := range map[string]bool{"app.localhost": true, "other.localhost": true, "dev.example.com": true, "127.0.0.1": true, "example.com": false, "www.example.org": false, "10.0.0.1": false} {
		c, err := a.issue(host)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Leaf.Verify(x509.VerifyOptions{DNSName: host, Roots: roots}); (err == nil) != good {
			t.Errorf("%s: %v", host, err)
		}
	}
}

// Renewed certificate files are loaded without a restart; half-written ones are ignored.
func TestCertificateFiles(t *testing.T) {
	s := newServed(t)
	cert, key := filepath.Join(s.dir, "cert.pem"), filepath.Join(s.dir, "key.pem")
	first := writeCertificate(t, "app.localhost", cert, key)
	s.writeWith("listen: 127.0.0.1:0\ntls: {cert_file: cert.pem, key_file: key.pem}\n", "")
	s.start()
	serial := func() string {
		conn, err := tls.Dial("tcp", "127.0.0.1:"+port(t, s.origins[0]), &tls.Config{InsecureSkipVerify: true, ServerName: "app.localhost"})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		return conn.ConnectionState().PeerCertificates[0].SerialNumber.String()
	}
	if got := serial(); got != first {
		t.Errorf("serial %s, want %s", got, first)
	}
	later := time.Now().Add(time.Minute)
	if err := os.WriteFile(key, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(5 * time.Second); !strings.Contains(s.stderr.String(), "keeping the old certificate") && time.Now().Before(end); {
		if got := serial(); got != first {
			t.Fatalf("serial %s, want %s", got, first)
		}
		time.Sleep(20 * time.Millisecond)
	}
	second := writeCertificate(t, "app.localhost", cert, key)
	if err := os.Chtimes(cert, later, later); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(5 * time.Second); serial() != second; {
		if time.Now().After(end) {
			t.Fatalf("the renewed certificate is not used: %s", s.stderr)
		}
		time.Sleep(20 * time.Millisecond)
	}
	s.interrupt()
}

func writeCertificate(t *testing.T, host, cert, key string) (serial string) {
	t.Helper()
	a, err := openLocalAuthority(t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	c, err := a.issue(host)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	if err := writePEM(key, "PRIVATE KEY", private); err != nil {
		t.Fatal(err)
	}
	if err := writePEM(cert, "CERTIFICATE", c.Certificate[0]); err != nil {
		t.Fatal(err)
	}
	return c.Leaf.SerialNumber.String()
}

// The demo with --tls is the same demo over https.
func TestDemoTLS(t *testing.T) {
	d := startDemo(t, t.TempDir()+"/data", "127.0.0.1:0", "127.0.0.1:0", "--tls")
	if !strings.HasPrefix(d.store, "https://store.localhost:") || !strings.HasPrefix(d.forums, "https://forums.localhost:") {
		t.Errorf("ready line: %s", d.line)
	}
	d.trustAuthority()
	if resp := d.send(d.store, "GET", "/api/load-shopping-cart", "", d.login(d.store)); resp.StatusCode != 200 {
		t.Errorf("the cart: %s", resp.Status)
	}
	if resp := d.send(d.forums, "GET", "/api/load-posts", "", d.login(d.forums)); resp.StatusCode != 200 || resp.Header["Strict-Transport-Security"] != nil {
		t.Errorf("the posts: %s %v", resp.Status, resp.Header)
	}
	d.interrupt()
}
