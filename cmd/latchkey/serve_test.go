package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey/idp"
)

const servedApplication = "3c219e58-ed0e-4b18-ad48-f4f92793ae32"

// A served is the gateway as a user started it, with an app behind it.
type served struct {
	*testing.T
	stop    context.CancelFunc
	status  chan int
	stderr  *buffer
	dir     string // of the configuration
	origins []string
	client  *http.Client
	app     *httptest.Server
	listens string // the port, if it is not the origin's
}

// newServed makes a directory with a user, and an app that says who asks.
func newServed(t *testing.T) *served {
	s := &served{T: t, dir: t.TempDir(), stderr: &buffer{}, status: make(chan int, 1)}
	s.app = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/events") {
			w.Header().Set("Content-Type", "text/event-stream")
			io.WriteString(w, "data: begun\n\n")
			http.NewResponseController(w).Flush()
			<-r.Context().Done()
			return
		}
		io.WriteString(w, "bearer "+fmt.Sprint(r.Header.Get("Authorization") != ""))
	}))
	t.Cleanup(func() {
		s.app.CloseClientConnections()
		s.app.Close()
	})
	server, _, err := openProviderIn(t.Context(), s.dir, idp.Config{LeaveEvents: true})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	if err := server.EnsureApplication(t.Context(), idp.Application{ID: servedApplication, Name: "app"}); err != nil {
		t.Fatal(err)
	}
	user, err := server.CreateUser(t.Context(), idp.NewUser{Email: "ada@example.com", Password: "correct horse battery", Verified: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Register(t.Context(), user.ID, servedApplication, "user"); err != nil {
		t.Fatal(err)
	}
	return s
}

// write writes the configuration. Addresses are free ports, and data is in the same directory.
func (s *served) write(extra string) {
	s.Helper()
	s.writeWith("listen: 127.0.0.1:0\n", extra)
}

func (s *served) writeWith(head, extra string) {
	s.Helper()
	text := head + "data: .\nprovider: {listen: 127.0.0.1:0}\napps:\n  - host: app.localhost\n    application_id: " + servedApplication +
		"\n    upstream: " + s.app.URL + "\n    protect: [/api/]\n" + extra
	if err := os.WriteFile(filepath.Join(s.dir, "latchkey.yaml"), []byte(text), 0o600); err != nil {
		s.Fatal(err)
	}
}

func (s *served) start(flags ...string) {
	s.Helper()
	ctx, stop := context.WithCancel(s.Context())
	s.stop = stop
	stdout, write := io.Pipe()
	go func() {
		s.status <- run(ctx, append([]string{"serve", "-c", filepath.Join(s.dir, "latchkey.yaml")}, flags...), write, s.stderr)
		write.Close()
	}()
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		s.Fatalf("no ready line: %v; %s", err, s.stderr)
	}
	s.reach(line)
}

// reach reads the origins in the ready line, and makes a client that can connect to them.
func (s *served) reach(line string) {
	s.Helper()
	s.origins = strings.Fields(line)[1:]
	addr := s.addr()
	s.client = &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, addr)
		},
		TLSClientConfig: &tls.Config{}, ForceAttemptHTTP2: true,
	}}
}

// interrupt ends the gateway like Ctrl-C.
func (s *served) interrupt() {
	s.Helper()
	s.client.CloseIdleConnections()
	s.stop()
	select {
	case status := <-s.status:
		if status != 0 {
			s.Errorf("exit status %d: %s", status, s.stderr)
		}
	case <-time.After(2 * shutdownTime):
		s.Fatal("it does not stop")
	}
}

func (s *served) open(method, path, body string, cookies []*http.Cookie) *http.Response {
	s.Helper()
	r, err := http.NewRequestWithContext(s.Context(), method, s.origins[0]+path, strings.NewReader(body))
	if err != nil {
		s.Fatal(err)
	}
	r.Header.Set("Origin", s.origins[0])
	r.Header.Set("Content-Type", "application/json")
	for _, c := range cookies {
		r.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
	}
	resp, err := s.client.Do(r)
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { resp.Body.Close() })
	return resp
}

func (s *served) want(path string, cookies []*http.Cookie, status int, body string) {
	s.Helper()
	resp := s.open("GET", path, "", cookies)
	content, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != status || !strings.Contains(string(content), body) {
		s.Errorf("%s: %d %s %v, want %d %s; %s", path, resp.StatusCode, content, err, status, body, s.stderr)
	}
}

func (s *served) login() []*http.Cookie {
	s.Helper()
	resp := s.open("POST", "/api/login", `{"email":"ada@example.com","password":"correct horse battery"}`, nil)
	if resp.StatusCode != 200 {
		s.Fatalf("login: %s %s", resp.Status, s.stderr)
	}
	return resp.Cookies()
}

// logged waits for a line of the log.
func (s *served) logged(text string) {
	s.Helper()
	for end := time.Now().Add(10 * time.Second); !strings.Contains(s.stderr.String(), text); {
		if time.Now().After(end) {
			s.Fatalf("not in the log: %s\n%s", text, s.stderr)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// A login survives a restart, and a stream does not delay it.
func TestServe(t *testing.T) {
	s := newServed(t)
	s.write("")
	s.start()
	if !strings.HasPrefix(s.origins[0], "http://app.localhost:") {
		t.Errorf("ready at %s", s.origins)
	}
	s.want("/api/x", nil, 401, "login_required")
	s.want("/x", nil, 200, "bearer false")
	ada := s.login()
	s.want("/api/x", ada, 200, "bearer true")
	s.open("GET", "/api/events", "", ada)
	began := time.Now()
	s.interrupt()
	if took := time.Since(began); took > shutdownTime/2 {
		t.Errorf("it took %v to stop", took)
	}
	s.writeWith("listen: 127.0.0.1:"+port(t, s.origins[0])+"\n", "")
	s.start()
	s.want("/api/x", ada, 200, "bearer true")
	s.interrupt()
	if text := s.stderr.String(); strings.Contains(text, "correct horse battery") {
		t.Error("the password is in the log")
	}
}

// Cookies planted by a sibling host lock nobody out, and a request that is too large is answered in
// JSON.
func TestServeHeaders(t *testing.T) {
	s := newServed(t)
	s.write("")
	s.start()
	ada := s.login()
	for kilobytes, want := range map[int]string{12: "bearer true", 24: "bearer true", 240: "bearer true", 300: "headers_too_large", 740: "headers_too_large"} {
		jar := ada[:len(ada):len(ada)]
		for i := range kilobytes / 4 {
			jar = append(jar, &http.Cookie{Name: fmt.Sprintf("c%d", i), Value: strings.Repeat("x", 4<<10-10)})
		}
		status := 200
		if want == "headers_too_large" {
			status = 431
		}
		s.want("/api/x", jar, status, want)
	}
	s.interrupt()
}

// SIGHUP reloads the file: nobody is logged out, streams go on until their session ends, and a bad
// file changes nothing.
func TestReload(t *testing.T) {
	s := newServed(t)
	s.write("")
	s.start()
	ada := s.login()
	events := bufio.NewReader(s.open("GET", "/api/events", "", ada).Body)
	if line, err := events.ReadString('\n'); err != nil || line != "data: begun\n" {
		t.Fatalf("%q, %v", line, err)
	}
	hangUp := func() {
		if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
	}
	s.write("    publik: [/api/open]\n")
	hangUp()
	s.logged("latchkey.yaml:9: apps[0].publik: unknown key: did you mean public")
	s.want("/api/open", nil, 401, "login_required")
	s.writeWith("listen: 127.0.0.1:1\n", "")
	hangUp()
	s.logged("listen: cannot change while the program runs: restart it")
	s.write("    public: [/api/PROTECT]\n    protect: [/api/protect]\n")
	hangUp()
	s.logged("duplicate key")
	if err := os.WriteFile(filepath.Join(s.dir, "index.html"), []byte("<title>page</title>"), 0o666); err != nil {
		t.Fatal(err)
	}
	s.write("    spa: .\n")
	hangUp()
	s.logged("apps[0]: the page's folder " + s.dir + " holds ")
	s.want("/session.keys", nil, 200, "bearer")

	s.write("    public: [/api/open]\n")
	hangUp()
	s.logged("configuration reloaded")
	s.want("/api/open", nil, 200, "bearer false")
	s.want("/api/x", ada, 200, "bearer true")
	cut := make(chan struct{})
	go func() { io.Copy(io.Discard, events); close(cut) }()
	select {
	case <-cut:
		t.Error("the reload cut a stream")
	case <-time.After(time.Second):
	}
	if resp := s.open("POST", "/api/logout", "{}", ada); resp.StatusCode != 204 {
		t.Errorf("logout: %s", resp.Status)
	}
	select {
	case <-cut:
	case <-time.After(2 * time.Second):
		t.Error("a stream from before the reload outlives its session")
	}
	s.interrupt()
}

// Reloads during requests: none of them fails.
func TestReloadUnderLoad(t *testing.T) {
	s := newServed(t)
	s.write("")
	s.start()
	ada := s.login()
	ctx, stop := context.WithCancel(t.Context())
	failed := make(chan string, 4)
	for range 4 {
		go func() {
			bad := ""
			for ctx.Err() == nil && bad == "" {
				r, _ := http.NewRequest("GET", s.origins[0]+"/api/x", nil)
				for _, c := range ada {
					r.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
				}
				resp, err := s.client.Do(r)
				if err != nil {
					bad = err.Error()
				} else if io.Copy(io.Discard, resp.Body); resp.StatusCode != 200 {
					bad = resp.Status
				}
			}
			failed <- bad
		}()
	}
	for i := range 10 {
		if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		for end := time.Now().Add(10 * time.Second); strings.Count(s.stderr.String(), "configuration reloaded") <= i && time.Now().Before(end); {
			time.Sleep(time.Millisecond)
		}
	}
	stop()
	for range 4 {
		if bad := <-failed; bad != "" {
			t.Error(bad)
		}
	}
	s.interrupt()
	if n := strings.Count(s.stderr.String(), "configuration reloaded"); n != 10 {
		t.Errorf("%d reloads", n)
	}
}

// Two apps in one process; one has a page and no app behind it.
func TestServeManyApps(t *testing.T) {
	s := newServed(t)
	if err := os.Mkdir(filepath.Join(s.dir, "dist"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.dir, "dist", "index.html"), []byte("<title>page</title>"), 0o666); err != nil {
		t.Fatal(err)
	}
	s.write("  - host: page.localhost\n    application_id: 7a0e4b0e-6a0c-4f0e-9a60-0d1f6c1e4a02\n    spa: dist\n    csp: default-src 'none'\n")
	s.start()
	s.want("/x", nil, 200, "bearer")
	s.origins = s.origins[1:]
	s.want("/", nil, 200, "<title>page</title>")
	s.want("/api/x", nil, 404, "not_found")
	if csp := s.open("GET", "/", "", nil).Header.Get("Content-Security-Policy"); csp != "default-src 'none'" {
		t.Errorf("CSP: %s", csp)
	}
	s.interrupt()
}
