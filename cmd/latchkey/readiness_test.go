package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey/internal/redistest"
)

// withAdmin starts the gateway with an admin address, which it returns.
func (s *served) withAdmin(head string) string {
	s.Helper()
	admin := fmt.Sprintf("127.0.0.1:%d", freePort(s.T))
	s.writeWith("listen: 127.0.0.1:0\nadmin: "+admin+"\n"+head, "")
	s.start()
	return "http://" + admin
}

func probe(t *testing.T, url string) (int, findings) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var found findings
	if err := json.NewDecoder(resp.Body).Decode(&found); err != nil {
		t.Errorf("%s: %v", url, err)
	}
	return resp.StatusCode, found
}

// wantHealth polls, because findings are cached for a second.
func wantHealth(t *testing.T, admin string, ready bool, failed string) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		status, found := probe(t, admin+"/readyz")
		good := found.Ready == ready && (status == 200) == ready && len(found.Checks) == 3
		for name, state := range found.Checks {
			good = good && (state == "failed") == (name == failed)
		}
		if good {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("%d %+v, want ready %v, failed %q", status, found, ready, failed)
		}
	}
	if status, _ := probe(t, admin+"/healthz"); status != 200 {
		t.Errorf("/healthz: %d", status)
	}
}

// Health checks are served at the admin address only, and a changed key file makes the gateway
// unready.
func TestHealth(t *testing.T) {
	s := newServed(t)
	admin := s.withAdmin("")
	wantHealth(t, admin, true, "")
	for _, path := range []string{"/healthz", "/readyz"} {
		s.want(path, nil, 200, "bearer false") // the app's own
	}
	for path, status := range map[string]int{"/": 404, "/api/user": 404, "/debug/pprof/": 404} {
		resp, err := http.Get(admin + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != status {
			t.Errorf("%s at the admin address: %s", path, resp.Status)
		}
	}
	if resp, err := http.Post(admin+"/readyz", "text/plain", strings.NewReader("x")); err != nil || resp.StatusCode != 405 {
		t.Errorf("POST: %v %v", resp, err)
	}
	keys := filepath.Join(s.dir, "session.keys")
	text, err := os.ReadFile(keys)
	if err != nil {
		t.Fatal(err)
	}
	for name, other := range map[string]string{"another key": "latchkey-key-2:" + strings.Repeat("A", 43) + "\n", "damaged": "words"} {
		if err := os.WriteFile(keys, []byte(other), 0o600); err != nil {
			t.Fatal(err)
		}
		wantHealth(t, admin, false, "keys")
		if strings.Contains(s.stderr.String(), strings.Repeat("A", 43)) {
			t.Errorf("%s: a key is in the log", name)
		}
		// A new key in front, as in a rotation, is no failure while the old key is still in the
		// file.
		if err := os.WriteFile(keys, []byte("latchkey-key-2:"+strings.Repeat("A", 43)+"\n"+string(text)), 0o600); err != nil {
			t.Fatal(err)
		}
		wantHealth(t, admin, true, "")
	}
	s.interrupt()
}

// A provider that fails makes the gateway unready, and a thousand probes cause hardly any requests
// to it.
func TestReadyAsksProviderOnce(t *testing.T) {
	var fail atomic.Bool
	var asked atomic.Int32
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/status" || r.Header.Get("Authorization") != "" {
			t.Errorf("%s with authorization %q", r.URL, r.Header.Get("Authorization"))
		}
		asked.Add(1)
		if fail.Load() {
			w.WriteHeader(500)
		}
		io.WriteString(w, `{"status":"ok"}`)
	}))
	t.Cleanup(provider.Close)
	var now atomic.Int64
	r := &readiness{log: slog.New(slog.DiscardHandler), now: func() time.Time { return time.Unix(now.Load(), 0) }}
	r.askAt(provider.URL)
	r.checks = map[string]check{"provider": func(ctx context.Context) error { return askProvider(ctx, *r.provider.Load()) }}
	var all sync.WaitGroup
	for range 1000 {
		all.Go(func() {
			if !r.look().Ready {
				t.Error("not ready")
			}
		})
	}
	all.Wait()
	if n := asked.Load(); n != 1 {
		t.Errorf("1000 probes within a second are %d requests", n)
	}
	fail.Store(true)
	if !r.look().Ready {
		t.Error("what was found does not hold for a second")
	}
	now.Add(1)
	if found := r.look(); found.Ready || found.Checks["provider"] != "failed" || asked.Load() != 2 {
		t.Errorf("%+v after %d requests", found, asked.Load())
	}
}

// A store that is down makes the gateway unready, and the process goes on.
func TestReadyWithoutStore(t *testing.T) {
	redis := redistest.Start(t)
	s := newServed(t)
	admin := s.withAdmin("store: " + redis.URL() + "\n")
	wantHealth(t, admin, true, "")
	redis.Kill(t)
	wantHealth(t, admin, false, "store")
	redis.Restart(t)
	wantHealth(t, admin, true, "")
	s.interrupt()
}
