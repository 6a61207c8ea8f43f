package main

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"io"
	"net/http/cookiejar"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/latchkey-dev/latchkey/dbsc/dbsctest"
)

// trustAuthority makes requests trust the demo's certificate authority, and no other.
func (d *running) trustAuthority() {
	d.t.Helper()
	pem, err := os.ReadFile(filepath.Join(d.data, "local-ca.pem"))
	if err != nil {
		d.t.Fatal(err)
	}
	d.roots = x509.NewCertPool()
	d.roots.AppendCertsFromPEM(pem)
}

// A browser that can binds its sessions with both apps, and their lists of sessions say so.
func TestDemoTLS_bindsSessions(t *testing.T) {
	d := startDemo(t, t.TempDir()+"/data", "127.0.0.1:0", "127.0.0.1:0", "--tls")
	defer d.interrupt()
	d.trustAuthority()
	for _, origin := range []string{d.store, d.forums} {
		jar, err := cookiejar.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		browser := &dbsctest.Browser{Jar: jar, Transport: d.transport()}
		tab := *d
		tab.browser = browser
		tab.login(origin)
		browser.RunDue(t.Context()) // registers a key
		tab.send(origin, "GET", "/api/user", "", nil)
		browser.RunDue(t.Context()) // proves it
		list, err := io.ReadAll(tab.send(origin, "GET", "/api/sessions", "", nil).Body)
		if err != nil || !strings.Contains(string(list), `"deviceBound":true`) {
			t.Errorf("%s: %s, %v; log: %s", origin, list, err, d.stderr)
		}
	}
}

// The command that the demo prints for Chromium names the key of both apps' certificates.
func TestDemoTLS_printsCommandOfChromium(t *testing.T) {
	d := startDemo(t, t.TempDir()+"/data", "127.0.0.1:0", "127.0.0.1:0", "--tls")
	defer d.interrupt()
	d.trustAuthority()
	for _, origin := range []string{d.store, d.forums} {
		key := sha256.Sum256(d.send(origin, "GET", "/", "", nil).TLS.PeerCertificates[0].RawSubjectPublicKeyInfo)
		if option := "--ignore-certificate-errors-spki-list=" + base64.StdEncoding.EncodeToString(key[:]) + " "; !strings.Contains(d.stderr.String(), option) {
			t.Errorf("%s: no %s in %s", origin, option, d.stderr)
		}
	}
}
