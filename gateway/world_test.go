package gateway_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/fusionauth"
	"github.com/latchkey-dev/latchkey/gateway"
	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
	"github.com/latchkey-dev/latchkey/latchkeytest"
	"github.com/latchkey-dev/latchkey/memstore"
)

const (
	origin   = "http://app.localhost"
	password = idptest.Password
)

// A world is a gateway over sockets, with a real provider on one side and an app on the other.
type world struct {
	testing.TB
	provider   *idptest.Provider
	fusionauth *fusionauth.Client
	login      latchkey.Config
	store      latchkey.Store
	app        *upstream
	log        *latchkeytest.Log
	user       idp.User
	clock      *latchkeytest.Clock // of the guard and the provider
	network    *network
}

func newWorld(t testing.TB, application ...idp.Application) *world {
	t.Helper()
	return newWorldOn(t, &network{}, application...)
}

// inBubble runs a test in a testing/synctest bubble.
func inBubble(t *testing.T, f func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		t.Cleanup(func() { time.Sleep(time.Second) }) // last of all: connections that wait for the app to close them are closed then
		f(t, newWorldOn(t, &network{pipes: true}))
	})
}

func newWorldOn(t testing.TB, network *network, application ...idp.Application) *world {
	t.Helper()
	log := &latchkeytest.Log{}
	inner := latchkeytest.New(t, latchkeytest.WithLogger(log.Logger()), latchkeytest.WithProvider(func(c *idp.Config) { c.Logger = slog.New(slog.DiscardHandler) }))
	w := &world{TB: t, network: network, store: memstore.New(), log: log, clock: inner.Clock}
	w.app = w.upstream()
	w.provider = inner.Provider()
	a := idp.Application{}
	if len(application) > 0 {
		a = application[0]
	}
	a = w.provider.AddApplication(a)
	w.user = w.provider.AddUser("ada@example.com", a.ID)
	w.fusionauth = inner.Client(a, func(c *fusionauth.Config) { c.PasswordCheckedFirst = false })
	w.login = inner.Config("app", w.fusionauth)
	w.login.Origin, w.login.App, w.login.Store, w.login.ClientIP = origin, "", w.store, nil
	return w
}

func (w *world) logger() *slog.Logger { return w.log.Logger() }

// A node is one gateway in front of the app.
type node struct {
	*world
	gateway *gateway.Gateway
	server  *httptest.Server
	client  *http.Client
}

// serve starts a gateway. The changes are applied to an app that has the world's upstream and
// protects only /api.
func (w *world) serve(change ...func(*gateway.Config)) *node {
	w.Helper()
	return w.start(false, change...)
}

func (w *world) start(h2 bool, change ...func(*gateway.Config)) *node {
	w.Helper()
	config := gateway.Config{Logger: w.logger(), Apps: []gateway.App{{Login: w.login, Upstream: w.app.URL, Protect: []string{"/api/"}}}}
	for _, c := range change {
		c(&config)
	}
	g, err := gateway.New(config)
	if err != nil {
		w.Fatal(err)
	}
	gateway.DialWith(g, w.network.dial)
	n := &node{world: w, gateway: g, server: w.network.server(w, g)}
	n.server.Config.ErrorLog = slog.NewLogLogger(w.logger().Handler(), slog.LevelDebug)
	if h2 {
		n.server.EnableHTTP2 = true
		n.server.StartTLS()
	} else {
		n.server.Start()
	}
	addr := n.server.Listener.Addr().String()
	n.client = &http.Client{
		Transport: &http.Transport{
			DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
				return w.network.dial(ctx, network, addr)
			},
			TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true, DisableCompression: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	w.Cleanup(func() {
		g.CloseStreams()
		n.client.CloseIdleConnections()
		n.server.CloseClientConnections()
		n.server.Close()
		if err := g.Close(context.Background()); err != nil {
			w.Error(err)
		}
	})
	return n
}

// A browser keeps the cookies of the app's host.
type browser struct {
	node    *node
	cookies map[string]string
}

func (n *node) stranger() *browser { return &browser{n, make(map[string]string)} }

func (n *node) loggedIn() *browser {
	n.Helper()
	b := n.stranger()
	got := b.do("POST", "/api/login", `{"email":"ada@example.com","password":"`+password+`"}`)
	if got.status != 200 {
		n.Fatalf("login: %d %s", got.status, got.body)
	}
	return b
}

// at is the same browser at another node.
func (b *browser) at(n *node) *browser { return &browser{n, b.cookies} }

func (b *browser) request(method, path, body string, header ...string) *http.Request {
	b.node.Helper()
	scheme := "http"
	if b.node.server.TLS != nil {
		scheme = "https"
	}
	r, err := http.NewRequestWithContext(b.node.Context(), method, scheme+"://app.localhost"+path, strings.NewReader(body))
	if err != nil {
		b.node.Fatal(err)
	}
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if method != "GET" && method != "HEAD" {
		r.Header.Set("Origin", origin)
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header[header[i]] = append(r.Header[header[i]], header[i+1])
	}
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	return r
}

// open sends a request and leaves the body to be read.
func (b *browser) open(r *http.Request) *http.Response {
	b.node.Helper()
	resp, err := b.node.client.Do(r)
	if err != nil {
		b.node.Fatal(err)
	}
	b.node.Cleanup(func() { resp.Body.Close() })
	b.keep(resp)
	return resp
}

func (b *browser) keep(resp *http.Response) {
	for _, c := range resp.Cookies() {
		if b.cookies[c.Name] = c.Value; c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		}
	}
}

type answer struct {
	status int
	header http.Header
	body   string
	code   string // of a problem
}

func (b *browser) do(method, path, body string, header ...string) answer {
	b.node.Helper()
	resp := b.open(b.request(method, path, body, header...))
	return b.node.read(resp)
}

func (w *world) read(resp *http.Response) answer {
	w.Helper()
	content, err := io.ReadAll(resp.Body)
	if err != nil {
		w.Fatal(err)
	}
	a := answer{status: resp.StatusCode, header: resp.Header, body: string(content)}
	if resp.Header.Get("Content-Type") == "application/problem+json" {
		var p struct {
			Code, Title string
			Status      int
		}
		if err := json.Unmarshal(content, &p); err != nil || p.Title == "" || p.Status != a.status {
			w.Errorf("problem %s with status %d: %v", content, a.status, err)
		}
		a.code = p.Code
	}
	return a
}

func (a answer) want(t testing.TB, status int, code string) {
	t.Helper()
	if a.status != status || a.code != code {
		t.Errorf("got %d %q, want %d %q; body %.200s", a.status, a.code, status, code, a.body)
	}
}

// dial opens a connection.
func (n *node) dial() net.Conn {
	n.Helper()
	conn, err := n.network.dial(n.Context(), "tcp", n.server.Listener.Addr().String())
	if err != nil {
		n.Fatal(err)
	}
	n.Cleanup(func() { conn.Close() })
	if !n.network.pipes {
		conn.SetDeadline(time.Now().Add(10 * time.Minute))
	}
	return conn
}

// raw sends bytes unchanged and returns the response until the server closes the connection, or has
// answered and is silent for a while.
func (n *node) raw(request string) string {
	n.Helper()
	conn := n.dial()
	defer conn.Close()
	go io.WriteString(conn, request) // the server may close before it has read everything
	var out strings.Builder
	in := bufio.NewReader(conn)
	for {
		resp, err := http.ReadResponse(in, nil)
		if err != nil {
			return out.String()
		}
		resp.Write(&out)
		if resp.Close {
			return out.String()
		}
		conn.SetDeadline(time.Now().Add(200 * time.Millisecond))
	}
}

// upstream is an app whose handler is the test's. It records every request.
type upstream struct {
	*httptest.Server

	mu      sync.Mutex
	handler http.HandlerFunc
	seen    []*http.Request
}

func (w *world) upstream() *upstream {
	u := &upstream{}
	u.Server = w.network.server(w, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u.mu.Lock()
		u.seen = append(u.seen, r.Clone(context.Background()))
		handler := u.handler
		u.mu.Unlock()
		if handler == nil {
			io.WriteString(w, "ok")
			return
		}
		handler(w, r)
	}))
	u.Server.Start()
	w.Cleanup(func() {
		u.CloseClientConnections()
		u.Close()
	})
	return u
}

func (u *upstream) answer(h http.HandlerFunc) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.handler = h
}

// take returns the requests since the last take.
func (u *upstream) take() []*http.Request {
	u.mu.Lock()
	defer u.mu.Unlock()
	seen := u.seen
	u.seen = nil
	return slices.Clone(seen)
}

func (u *upstream) last(t testing.TB) *http.Request {
	t.Helper()
	seen := u.take()
	if len(seen) != 1 {
		t.Fatalf("the app saw %d requests, want 1", len(seen))
	}
	return seen[0]
}
