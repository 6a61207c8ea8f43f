package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// A running is the demo as a user started it.
type running struct {
	t                         *testing.T
	stop                      context.CancelFunc
	status                    chan int
	stderr                    *buffer
	store, forums, idp        string
	user, password            string
	addr, idpAddr, data, line string
	roots                     *x509.CertPool    // trusted; nil: those of the system
	browser                   http.RoundTripper // sends the requests; nil: transport
}

// buffer can be written by the demo while the test reads it.
type buffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func startDemo(t *testing.T, data, addr, idpAddr string, flags ...string) *running {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	d := &running{t: t, stop: stop, status: make(chan int, 1), stderr: &buffer{}, data: data}
	stdout, write := io.Pipe()
	go func() {
		d.status <- run(ctx, append([]string{"demo", "--data", data, "--addr", addr, "--idp-addr", idpAddr}, flags...), write, d.stderr)
		write.Close()
	}()
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("no ready line: %v; status %d, %s", err, <-d.status, d.stderr)
	}
	d.line = strings.TrimSpace(line)
	words := strings.Fields(d.line)
	if len(words) != 7 || words[0] != "ready" {
		t.Fatalf("ready line: %q", line)
	}
	for i, into := range map[int]*string{1: &d.store, 2: &d.forums, 3: &d.idp, 4: &d.user, 5: &d.password} {
		_, *into, _ = strings.Cut(words[i], "=")
	}
	d.addr, d.idpAddr = "127.0.0.1:"+port(t, d.store), strings.TrimPrefix(d.idp, "http://")
	return d
}

func port(t *testing.T, origin string) string {
	t.Helper()
	u, err := url.Parse(origin)
	if err != nil {
		t.Fatal(err)
	}
	return u.Port()
}

// interrupt ends the demo like Ctrl-C.
func (d *running) interrupt() {
	d.t.Helper()
	d.stop()
	if status := <-d.status; status != 0 {
		d.t.Errorf("exit status %d after Ctrl-C: %s", status, d.stderr)
	}
}

// send makes a request of a page of the app.
func (d *running) send(origin, method, path, body string, cookies []*http.Cookie) *http.Response {
	d.t.Helper()
	r, err := http.NewRequestWithContext(d.t.Context(), method, origin+path, strings.NewReader(body))
	if err != nil {
		d.t.Fatal(err)
	}
	r.Header.Set("Origin", origin)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Content-Type", "application/json")
	for _, c := range cookies {
		r.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
	}
	browser := d.browser
	if browser == nil {
		browser = d.transport()
	}
	resp, err := browser.RoundTrip(r)
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { resp.Body.Close() })
	return resp
}

// transport dials the demo, whatever the host: Go does not resolve *.localhost.
func (d *running) transport() *http.Transport {
	return &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: d.roots}, DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, d.addr)
	}}
}

func (d *running) login(origin string) []*http.Cookie {
	d.t.Helper()
	resp := d.send(origin, "POST", "/api/login", `{"email":"`+d.user+`","password":"`+d.password+`"}`, nil)
	if resp.StatusCode != 200 || len(resp.Cookies()) != 3 {
		d.t.Fatalf("login at %s: %s", origin, resp.Status)
	}
	return resp.Cookies()
}

// After a restart on the same data, everything is still there.
func TestDemo(t *testing.T) {
	d := startDemo(t, t.TempDir()+"/data", "127.0.0.1:0", "127.0.0.1:0")
	if !strings.HasPrefix(d.store, "http://store.localhost:") || !strings.HasPrefix(d.forums, "http://forums.localhost:") || len(d.password) < 15 {
		t.Errorf("ready line: %s", d.line)
	}
	atStore, atForums := d.login(d.store), d.login(d.forums)
	if resp := d.send(d.store, "PUT", "/api/shopping-cart/"+firstProduct(t, d), `{"quantity":2}`, atStore); resp.StatusCode != 200 {
		t.Fatalf("put into the cart: %s", resp.Status)
	}
	if strings.Contains(d.stderr.String(), d.password) {
		t.Error("the password is in the log")
	}
	second := run(t.Context(), []string{"demo", "--data", d.data, "--addr", "127.0.0.1:0", "--idp-addr", "127.0.0.1:0"}, io.Discard, d.stderr)
	if second != 1 || !strings.Contains(d.stderr.String(), "another latchkey uses this directory") {
		t.Errorf("a second demo on the same data: status %d, %s", second, d.stderr)
	}
	signpost := d.send("http://localhost:"+port(t, d.store), "GET", "/", "", nil)
	if page, _ := io.ReadAll(signpost.Body); !strings.Contains(string(page), d.forums) {
		t.Errorf("the signpost: %s", page)
	}
	d.interrupt()

	again := startDemo(t, d.data, d.addr, d.idpAddr)
	if again.line != d.line {
		t.Errorf("%s\nwas %s", again.line, d.line)
	}
	cart := again.send(d.store, "GET", "/api/load-shopping-cart", "", atStore)
	if body, _ := io.ReadAll(cart.Body); cart.StatusCode != 200 || !strings.Contains(string(body), `"quantity":2`) || len(cart.Cookies()) != 0 {
		t.Errorf("the cart after a restart: %s %s", cart.Status, body)
	}
	if posts := again.send(d.forums, "GET", "/api/load-posts", "", atForums); posts.StatusCode != 200 {
		t.Errorf("the posts after a restart: %s", posts.Status)
	}
	if other := again.send(d.forums, "GET", "/api/user", "", atStore); other.StatusCode != 404 {
		t.Errorf("the store's login at the forums: %s", other.Status)
	}
	again.login(d.store)
	again.interrupt()
}

// Both apps share one account: a new password in one immediately logs the user out of the other,
// but not out of the browser where it was set.
func TestDemoNewPassword(t *testing.T) {
	d := startDemo(t, t.TempDir()+"/data", "127.0.0.1:0", "127.0.0.1:0")
	defer d.interrupt()
	atForums, atStore := d.login(d.forums), d.login(d.store)
	changed := d.send(d.store, "POST", "/api/password", `{"currentPassword":"`+d.password+`","password":"a passphrase of mine"}`, atStore)
	if changed.StatusCode != 200 {
		t.Fatalf("change the password: %s", changed.Status)
	}
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		posts := d.send(d.forums, "GET", "/api/load-posts", "", atForums)
		if body, _ := io.ReadAll(posts.Body); posts.StatusCode == 401 && strings.Contains(string(body), "password_changed") {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("the forums go on: %s; %s", posts.Status, d.stderr)
		}
	}
	if cart := d.send(d.store, "GET", "/api/load-shopping-cart", "", changed.Cookies()); cart.StatusCode != 200 {
		t.Errorf("the browser with the new password: %s", cart.Status)
	}
}

func firstProduct(t *testing.T, d *running) string {
	t.Helper()
	body, err := io.ReadAll(d.send(d.store, "GET", "/api/products", "", nil).Body)
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(body), `"id":"`)
	id, _, _ := strings.Cut(after, `"`)
	return id
}

// Browsers open connections in advance. An idle one must not make the shutdown fail.
func TestStopWithUnusedConnection(t *testing.T) {
	d := startDemo(t, t.TempDir()+"/data", "127.0.0.1:0", "127.0.0.1:0")
	for _, addr := range []string{d.addr, d.idpAddr} {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
	}
	d.interrupt()
}
