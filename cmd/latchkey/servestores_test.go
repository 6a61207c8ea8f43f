package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey/internal/pgtest"
	"github.com/latchkey-dev/latchkey/internal/redistest"
)

// Two gateways share a store: a login at one counts at the other, and a logout at one cuts the
// streams of the other.
func TestServeOnSharedStores(t *testing.T) {
	for name, start := range map[string]func(*testing.T) string{
		"PostgreSQL": func(t *testing.T) string { return pgtest.Start(t).Database(t) },
		"Redis":      func(t *testing.T) string { return redistest.Start(t).URL() },
	} {
		t.Run(name, func(t *testing.T) {
			store := start(t)
			here := newServed(t)
			here.writeWith("listen: 127.0.0.1:0\nstore: "+store+"\n", "")
			here.start()
			there := here.beside(store)
			ada := here.login()
			here.want("/api/x", ada, 200, "bearer true")
			there.want("/api/x", ada, 200, "bearer true")
			events := there.open("GET", "/api/events", "", ada)
			if resp := here.open("POST", "/api/logout", "{}", ada); resp.StatusCode != 204 {
				t.Fatalf("logout: %s", resp.Status)
			}
			cut := make(chan struct{})
			go func() {
				for buf := make([]byte, 64); ; {
					if _, err := events.Body.Read(buf); err != nil {
						close(cut)
						return
					}
				}
			}()
			select {
			case <-cut:
			case <-time.After(time.Second):
				t.Error("a stream at another node outlives its session")
			}
			there.want("/api/x", ada, 401, "login_required")
			there.interrupt()
			here.interrupt()
		})
	}
}

// beside starts another node, like a process of its own, with the keys and the provider of the
// first.
func (s *served) beside(store string) *served {
	s.Helper()
	other := &served{T: s.T, dir: s.TempDir(), stderr: &buffer{}, status: make(chan int, 1), app: s.app, listens: strconv.Itoa(freePort(s.T))}
	for _, name := range []string{"session.keys", "provider.json"} {
		content, err := os.ReadFile(filepath.Join(s.dir, name))
		if err != nil {
			s.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(other.dir, name), content, 0o600); err != nil {
			s.Fatal(err)
		}
	}
	port := port(s.T, s.origins[0]) // the origin is the first node's, wherever this one listens
	other.writeWith("listen: 127.0.0.1:"+other.listens+"\nstore: "+store+"\n", "")
	path := filepath.Join(other.dir, "latchkey.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		s.Fatal(err)
	}
	text = []byte(strings.Replace(string(text), "host: app.localhost", "host: app.localhost:"+port, 1))
	if err := os.WriteFile(path, text, 0o600); err != nil {
		s.Fatal(err)
	}
	other.start()
	return other
}
