package gateway_test

import (
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/latchkey-dev/latchkey/gateway"
)

// FuzzHost: a Host is read like a URL's host, or refused.
func FuzzHost(f *testing.F) {
	for _, seed := range []string{"app.localhost", "APP.localhost:80", "app.localhost:", "app.localhost:evil", "[::1]:80", "[::1]", "[::1", "::1", "[app]", "u@app", "a:1:2", "", ":80", "app.localhost:80@evil.example", "[fe80::1%25eth0]:80"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, host string) {
		name, err := gateway.RequestHost(host)
		if err != nil {
			return
		}
		if u, err := url.Parse("//" + host); err == nil && u.Host == host && (!strings.EqualFold(u.Hostname(), name) || u.User != nil) {
			t.Errorf("%q: %q, and to a URL %q", host, name, u.Hostname())
		}
		if _, err := netip.ParseAddr(name); err != nil && strings.ContainsAny(name, ":[]@/?# ") {
			t.Errorf("%q: %q", host, name)
		}
	})
}
