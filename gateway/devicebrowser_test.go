package gateway_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"github.com/latchkey-dev/latchkey/dbsc/dbsctest"
)

// secureOrigin is where the app is if a proxy in front does TLS. Over http nothing is bound.
const secureOrigin = "https://app.localhost"

// bindingWorld is inBubble with the app at secureOrigin.
func bindingWorld(t *testing.T, f func(t *testing.T, w *world)) {
	t.Helper()
	inBubble(t, func(t *testing.T, w *world) {
		w.login.Origin = secureOrigin
		f(t, w)
	})
}

// A deviceBrowser has a key for its session, and proves it as Chromium does.
type deviceBrowser struct {
	*node
	browser *dbsctest.Browser
	client  *http.Client
	events  []dbsctest.Event
}

// deviceBrowser logs in. What the browser does beside the page waits for RunDue.
func (n *node) deviceBrowser() *deviceBrowser {
	n.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		n.Fatal(err)
	}
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		return n.network.dial(ctx, network, n.server.Listener.Addr().String())
	}
	transport := &http.Transport{DialTLSContext: dial, DisableCompression: true} // the TLS is that of the proxy in front
	b := &deviceBrowser{node: n}
	b.browser = &dbsctest.Browser{Jar: jar, Transport: transport, Now: n.clock.Now, Report: func(e dbsctest.Event) { b.events = append(b.events, e) }}
	b.client = &http.Client{Transport: b.browser}
	n.Cleanup(transport.CloseIdleConnections)
	b.want(200, "POST", "/api/login", `{"email":"ada@example.com","password":"`+password+`"}`)
	return b
}

// boundBrowser logs in, and returns when the session is bound.
func (n *node) boundBrowser() *deviceBrowser {
	n.Helper()
	b := n.deviceBrowser()
	b.browser.RunDue(n.Context()) // registers
	b.want(200, "GET", "/api/user", "")
	b.browser.RunDue(n.Context()) // proves the key for the first time
	if fmt.Sprint(b.kinds()) != "[registered refreshed]" {
		n.Fatalf("not bound: %+v", b.events)
	}
	return b
}

func (b *deviceBrowser) kinds() (kinds []dbsctest.Kind) {
	for _, e := range b.events {
		kinds = append(kinds, e.Kind)
	}
	return kinds
}

// open sends a request of a page, and leaves the body to be read.
func (b *deviceBrowser) open(method, path, body string, header ...string) *http.Response {
	b.Helper()
	r, err := http.NewRequestWithContext(b.Context(), method, secureOrigin+path, strings.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if body != "" {
		r.Header.Set("Origin", secureOrigin)
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := b.client.Do(r)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { resp.Body.Close() })
	return resp
}

func (b *deviceBrowser) want(status int, method, path, body string) {
	b.Helper()
	if got := b.read(b.open(method, path, body)); got.status != status {
		b.Fatalf("%s %s: %d, want %d; %s", method, path, got.status, status, got.body)
	}
}

// jarCopy is a thief with all cookies of the browser, and without its key.
func (b *deviceBrowser) jarCopy() *browser {
	thief := b.stranger()
	for _, c := range b.browser.Jar.Cookies(&url.URL{Scheme: "https", Host: "app.localhost", Path: "/"}) {
		thief.cookies[c.Name] = c.Value
	}
	return thief
}

func (b *browser) secureSocket() *socket {
	b.node.Helper()
	return b.socket("/api/socket", "Origin", secureOrigin)
}
