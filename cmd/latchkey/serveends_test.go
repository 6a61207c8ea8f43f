package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey/internal/redistest"
)

// A logout that the store missed survives a reload and a restart, although the store is down for
// both.
func TestEndsOutliveReloadAndRestart(t *testing.T) {
	redis := redistest.Start(t)
	s := newServed(t)
	store := "store: " + redis.URL() + "\n"
	s.writeWith("listen: 127.0.0.1:0\n"+store, "")
	s.start()
	reloaded, restarted := s.login(), s.login()
	s.want("/api/x", reloaded, 200, "bearer true")

	redis.Kill(t)
	if resp := s.open("POST", "/api/logout", "{}", reloaded); resp.StatusCode != 503 {
		t.Fatalf("logout: %s", resp.Status)
	}
	s.hangUp()
	s.want("/api/x", reloaded, 401, "login_required")
	if resp := s.open("POST", "/api/logout", "{}", restarted); resp.StatusCode != 503 {
		t.Fatalf("logout: %s", resp.Status)
	}
	s.client.CloseIdleConnections()
	s.stop()
	<-s.status // not 0: the times of last use are lost
	kept, err := os.ReadFile(filepath.Join(s.dir, "ends-app.localhost.json"))
	if err != nil || strings.Count(string(kept), `"tombstone"`) != 2 {
		t.Fatalf("%s, %v; want two ends", kept, err)
	}

	redis.Restart(t)
	s.writeWith("listen: 127.0.0.1:"+port(t, s.origins[0])+"\n"+store, "")
	s.start()
	s.want("/api/x", reloaded, 401, "login_required")
	s.want("/api/x", restarted, 401, "login_required")
	s.interrupt()
	if _, err := os.Stat(filepath.Join(s.dir, "ends-app.localhost.json")); !os.IsNotExist(err) {
		t.Errorf("what is stored by now is still in the file: %v", err)
	}
}

// hangUp makes every gateway of this process reload, and waits for this one.
func (s *served) hangUp() {
	s.Helper()
	const reloaded = "configuration reloaded"
	before := strings.Count(s.stderr.String(), reloaded)
	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		s.Fatal(err)
	}
	for end := time.Now().Add(10 * time.Second); strings.Count(s.stderr.String(), reloaded) == before; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			s.Fatalf("no reload: %s", s.stderr)
		}
	}
}
