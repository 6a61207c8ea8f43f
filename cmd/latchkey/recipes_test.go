package main

import (
	"bufio"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	recipes       = "../../docs/recipes"
	recipeUserKey = "0123456789abcdef0123456789abcdef"
)

// needs skips the test if something that it needs is missing, but fails it in CI.
func needs(t *testing.T, err error) {
	t.Helper()
	switch {
	case err == nil:
	case os.Getenv("CI") != "":
		t.Fatalf("%v: CI must have it (make test installs the programs)", err)
	default:
		t.Skip(err)
	}
}

// runRecipe starts a program of a recipe, which stops with the test, and returns the first line
// that it prints.
func runRecipe(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(time.Minute, func() { cmd.Process.Kill() })
	t.Cleanup(func() {
		defer late.Stop()
		cmd.Process.Signal(syscall.SIGTERM)
		io.Copy(io.Discard, out)
		if err := cmd.Wait(); err != nil {
			t.Errorf("%s on SIGTERM: %v", cmd.Path, err)
		}
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("%s: %v", cmd.Path, err)
	}
	return line
}

// The apps of the recipes know who asks through the gateway, and refuse requests that bypass it.
func TestRecipeApps(t *testing.T) {
	for name, command := range map[string][]string{"express": {"node", "server.js"}, "python": {"python3", "server.py"}} {
		t.Run(name, func(t *testing.T) {
			program, err := exec.LookPath(command[0])
			needs(t, err)
			if name == "express" {
				_, err := os.Stat(filepath.Join(recipes, name, "node_modules/express/package.json"))
				needs(t, err)
			}
			gatewayPort := freePort(t)
			cmd := exec.Command(program, command[1])
			cmd.Dir = filepath.Join(recipes, name)
			cmd.Env = append(os.Environ(), "LATCHKEY_USER_KEY="+recipeUserKey, fmt.Sprintf("ORIGIN=http://app.localhost:%d", gatewayPort), "PORT=0")
			_, at, found := strings.Cut(strings.TrimSpace(runRecipe(t, cmd)), "listening on ")
			if !found {
				t.Fatal("it does not say where it listens")
			}
			s := newServed(t)
			s.app.URL = "http://" + at
			s.writeWith(fmt.Sprintf("listen: 127.0.0.1:%d\n", gatewayPort), "    user_key: "+recipeUserKey+"\n")
			s.start()
			s.want("/api/hello", nil, 401, "login_required")
			s.want("/api/hello", s.login(), 200, "ada@example.com")
			s.want("/other", nil, 404, "")
			for _, header := range []string{"", "mallory", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "bnVsbA.bnVsbA.x"} {
				r, err := http.NewRequest("GET", s.app.URL+"/api/hello", nil)
				if err != nil {
					t.Fatal(err)
				}
				r.Header.Set("Latchkey-User", header)
				resp, err := http.DefaultClient.Do(r)
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
				if resp.StatusCode != 401 {
					t.Errorf("around the gateway with %q: %s", header, resp.Status)
				}
			}
			http.DefaultClient.CloseIdleConnections()
			s.interrupt()
		})
	}
}

// The recipes accept a header signed with their key, and nothing that only looks like it.
func TestRecipeUser(t *testing.T) {
	encode := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	signed := encode(`{"alg":"HS256"}`) + "." + encode(`{"iss":"latchkey","aud":"https://app.example.com","exp":99999999999,"email":"ada@example.com"}`)
	mac := hmac.New(sha256.New, []byte(recipeUserKey))
	mac.Write([]byte(signed))
	genuine := signed + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
	for name, command := range map[string][]string{
		"express": {"node", "--input-type=module", "-e", `import { user } from "./user.js"; console.log(user(process.argv[1], process.argv[2], "https://app.example.com")?.email)`},
		"python":  {"python3", "-B", "-c", "import sys, server; print((server.user(sys.argv[1], sys.argv[2], 'https://app.example.com') or {}).get('email'))"},
	} {
		program, err := exec.LookPath(command[0])
		if err != nil {
			t.Log(err)
			continue
		}
		for header, good := range map[string]bool{genuine: true, genuine + ".": false, genuine + ".x": false, "." + genuine: false, signed + ".": false, signed: false, genuine[:len(genuine)-4] + "AAAA": false} {
			cmd := exec.Command(program, append(command[1:len(command):len(command)], header, recipeUserKey)...)
			cmd.Dir = filepath.Join(recipes, name)
			out, err := cmd.CombinedOutput()
			if err != nil || strings.Contains(string(out), "ada@example.com") != good {
				t.Errorf("%s: %s: %s %v", name, header, out, err)
			}
		}
	}
}

// The nginx recipe: logins, the browser's true address, streams that end with their session, and
// WebSockets.
func TestRecipeNginx(t *testing.T) {
	program, err := exec.LookPath("nginx")
	if err != nil {
		program, err = exec.LookPath("/usr/sbin/nginx")
	}
	needs(t, err)
	s := newServed(t)
	plain := s.app.Config.Handler
	s.app.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/api/from":
			io.WriteString(w, "from "+strings.Join(r.Header.Values("X-Forwarded-For"), ",")+" over "+r.Header.Get("X-Forwarded-Proto"))
		case "/api/socket":
			echoSocket(w)
		default:
			plain.ServeHTTP(w, r)
		}
	})
	nginxPort := s.behindNginx(program)
	resp := s.open("POST", "/api/login", `{"email":"ada@example.com","password":"correct horse battery"}`, nil)
	if resp.StatusCode != 200 {
		t.Fatalf("login: %s %s", resp.Status, s.stderr)
	}
	ada := resp.Cookies()
	for _, c := range ada {
		if !c.Secure || !c.HttpOnly || !strings.HasPrefix(c.Name, "__Host-") {
			t.Errorf("cookie %s: Secure %v, HttpOnly %v", c.Name, c.Secure, c.HttpOnly)
		}
	}
	s.want("/api/x", nil, 401, "login_required")
	s.want("/api/x", ada, 200, "bearer true")
	jar := ada[:len(ada):len(ada)]
	for i := range 50 {
		jar = append(jar, &http.Cookie{Name: fmt.Sprintf("c%d", i), Value: strings.Repeat("x", 4<<10-10)})
	}
	s.want("/api/x", jar, 200, "bearer true")

	if !s.deviceBrowser().login() {
		t.Errorf("the session is not bound to the device: %s", s.stderr)
	}

	conn := s.dialThrough(nginxPort)
	fmt.Fprintf(conn, "GET /api/from HTTP/1.1\r\nHost: app.example.com\r\nX-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: http\r\nCookie: %s\r\n\r\n", cookieLine(ada))
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(answer.Body); err != nil || string(body) != "from 127.0.0.1, 127.0.0.1 over https" { // the browser, and nginx behind it
		t.Errorf("a forged address: %s %q %v", answer.Status, body, err)
	}

	socket := s.dialThrough(nginxPort)
	in := bufio.NewReader(socket)
	fmt.Fprintf(socket, "GET /api/socket HTTP/1.1\r\nHost: app.example.com\r\nOrigin: https://app.example.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nCookie: %s\r\n\r\n", cookieLine(ada))
	if answer, err := http.ReadResponse(in, nil); err != nil || answer.StatusCode != 101 {
		t.Fatalf("WebSocket: %v %v", answer, err)
	}
	io.WriteString(socket, "echo\n")
	if line, err := in.ReadString('\n'); err != nil || line != "echo\n" {
		t.Errorf("WebSocket: %q %v", line, err)
	}
	events := bufio.NewReader(s.open("GET", "/api/events", "", ada).Body)
	if line, err := events.ReadString('\n'); err != nil || line != "data: begun\n" {
		t.Errorf("event stream: %q %v", line, err)
	}
	if resp := s.open("POST", "/api/logout", "{}", ada); resp.StatusCode != 204 {
		t.Errorf("logout: %s", resp.Status)
	}
	ended := make(chan struct{}, 2)
	go func() { io.Copy(io.Discard, events); ended <- struct{}{} }()
	go func() { io.Copy(io.Discard, in); ended <- struct{}{} }()
	for range 2 {
		select {
		case <-ended:
		case <-time.After(5 * time.Second):
			t.Fatal("a stream through nginx outlives its session")
		}
	}
	s.interrupt()
}

// systemd finds nothing wrong with the unit, except that the program is not installed here.
func TestRecipeSystemd(t *testing.T) {
	program, err := exec.LookPath("systemd-analyze")
	if err != nil && runtime.GOOS != "linux" {
		t.Skip(err) // there is none
	}
	needs(t, err)
	unit, err := os.ReadFile(recipes + "/systemd/latchkey.service")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "latchkey.service")
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(string(unit), "/usr/local/bin/latchkey", "/bin/true")), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), program, "verify", "--man=no", path).CombinedOutput()
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, "latchkey.service") { // other lines are about the machine
			t.Error(line)
		}
	}
}

func (s *served) dialThrough(port int) net.Conn {
	s.Helper()
	conn, err := s.client.Transport.(*http.Transport).DialTLSContext(s.Context(), "tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { conn.Close() })
	return conn
}

func cookieLine(cookies []*http.Cookie) string {
	var pairs []string
	for _, c := range cookies {
		pairs = append(pairs, c.Name+"="+c.Value)
	}
	return strings.Join(pairs, "; ")
}
