package main

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// buildReadmeProgram builds the program as printed, but with other addresses, and with sessions
// that expire soon.
func buildReadmeProgram(t *testing.T, provider string, port int) string {
	t.Helper()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, program, _ := strings.Cut(string(readme), "```go\n")
	program, _, _ = strings.Cut(program, "```")
	for _, change := range [][2]string{{"http://127.0.0.1:9011", provider}, {":8080", ":" + strconv.Itoa(port)}, {"Keys: keys", "Keys: keys, IdleTimeout: 100_000_000"}} {
		if !strings.Contains(program, change[0]) {
			t.Fatalf("the README's program has no %s", change[0])
		}
		program = strings.ReplaceAll(program, change[0], change[1])
	}
	dir := t.TempDir()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {filepath.Join(root, "readmeprogram", "main.go"): filepath.Join(dir, "main.go")}})
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"main.go": []byte(program), "overlay.json": overlay} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	build := exec.CommandContext(t.Context(), "go", "build", "-overlay", filepath.Join(dir, "overlay.json"), "-o", filepath.Join(dir, "program"), "./readmeprogram")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return filepath.Join(dir, "program")
}

// A browserOf keeps cookies as a browser does for localhost, including Secure ones.
type browserOf struct {
	*testing.T
	origin  string
	cookies map[string]string
}

func (b browserOf) do(method, path, body string) (status int, answer string) {
	b.Helper()
	r, err := http.NewRequestWithContext(b.Context(), method, b.origin+path, strings.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	r.Header.Set("Origin", b.origin)
	r.Header.Set("Content-Type", "application/json")
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		b.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range resp.Cookies() {
		b.cookies[c.Name] = c.Value
	}
	return resp.StatusCode, string(text)
}

// refreshed sends requests until the provider has refreshed the session this many times.
func (b browserOf) refreshed(times int) {
	b.Helper()
	last := strings.Join(b.values(), " ")
	for end := time.Now().Add(30 * time.Second); times > 0; time.Sleep(150 * time.Millisecond) {
		if status, answer := b.do("GET", "/api/hello", ""); status != 200 || answer != "Hello ada@example.com" {
			b.Fatalf("%d refreshes before the end: %d %s", times, status, answer)
		}
		if now := strings.Join(b.values(), " "); now != last {
			last = now
			times--
		}
		if time.Now().After(end) {
			b.Fatal("no refresh")
		}
	}
}

func (b browserOf) values() (values []string) {
	for _, name := range []string{"session", "refresh"} {
		for cookie, value := range b.cookies {
			if strings.Contains(strings.ToLower(cookie), name) {
				values = append(values, value)
			}
		}
	}
	return values
}

// listens waits for a program that says that it is ready a moment before it listens.
func listens(t *testing.T, port int) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		conn, err := net.Dial("tcp", "127.0.0.1:"+strconv.Itoa(port))
		if err == nil {
			conn.Close()
			return
		}
		if time.Now().After(end) {
			t.Fatal(err)
		}
	}
}

// The README's program, set up by the commands above it, keeps its users through refreshes and a
// restart.
func TestReadmeProgram(t *testing.T) {
	dir := t.TempDir()
	data, env := filepath.Join(dir, "shop-data"), filepath.Join(dir, "shop.env")
	url, _, _ := startIDP(t, "--data", data)
	for _, args := range [][]string{
		{"app", "add", "shop", "--data", data, "--env", env},
		{"user", "add", "ada@example.com", "--data", data, "--app", "shop", "--password-file", passwordFile(t)},
	} {
		stderr := &buffer{}
		if status := run(t.Context(), args, io.Discard, stderr); status != 0 {
			t.Fatalf("%v: %d; %s", args, status, stderr)
		}
	}
	port := freePort(t)
	program := buildReadmeProgram(t, url, port)
	start := func() (stop func()) {
		t.Helper()
		variables, err := os.ReadFile(env)
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), program)
		cmd.Dir, cmd.Env, cmd.Stderr = dir, append(os.Environ(), strings.Fields(string(variables))...), os.Stderr
		out, err := cmd.StdoutPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		if line, err := bufio.NewReader(out).ReadString('\n'); !strings.HasPrefix(line, "ready ") {
			t.Fatalf("%q %v", line, err)
		}
		listens(t, port)
		return func() {
			http.DefaultClient.CloseIdleConnections()
			cmd.Process.Kill()
			cmd.Wait()
		}
	}
	b := browserOf{t, "http://localhost:" + strconv.Itoa(port), make(map[string]string)}
	stop := start()
	if status, answer := b.do("POST", "/api/login", `{"email":"ada@example.com","password":"correct horse battery"}`); status != 200 {
		t.Fatalf("login: %d %s", status, answer)
	}
	b.refreshed(2)
	stop()
	stop = start()
	b.refreshed(1)
	stop()
}

// Without its variables the program says which are missing.
func TestReadmeProgramAlone(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), buildReadmeProgram(t, "http://127.0.0.1:1", 1))
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "APPLICATION_ID=", "FUSIONAUTH_API_KEY=", "CLIENT_SECRET=")
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "ApplicationID") || !strings.Contains(string(out), "APIKey") {
		t.Errorf("%v: %s", err, out)
	}
}
