package main

import (
	"crypto/x509"
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
