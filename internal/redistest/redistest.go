// Package redistest runs real Redis servers for tests, from the programs installed on this machine:
// no container, no system service, nothing left behind. If they are missing, a test that needs one
// is skipped, but fails in CI.
package redistest

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A Server is a Redis that listens on 127.0.0.1. It writes nothing to disk unless configured to, so
// that it is empty after a restart.
type Server struct {
	Addr string // host:port, the same after a restart

	dir      string
	settings []string
	run      *process // nil: not running
}

// Start starts a server for one test. Settings are lines of redis.conf: "appendonly yes".
func Start(t testing.TB, settings ...string) *Server {
	t.Helper()
	requireInstalled(t)
	dir, err := os.MkdirTemp("", "redistest")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{dir: dir, settings: settings}
	t.Cleanup(func() {
		if s.run != nil {
			s.run.kill()
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Errorf("remove Redis: %v", err)
		}
	})
	if err := s.startOnFreePort(); err != nil {
		t.Fatalf("start Redis: %v", err)
	}
	return s
}

// StartReplica starts a replica of a server, and returns when it is in sync.
func StartReplica(t testing.TB, master *Server, settings ...string) *Server {
	t.Helper()
	host, port, err := net.SplitHostPort(master.Addr)
	if err != nil {
		t.Fatal(err)
	}
	replica := Start(t, append([]string{"replicaof " + host + " " + port}, settings...)...)
	Until(t, "the replica is linked to its master", func() bool {
		return strings.Contains(replica.Command(t, "INFO", "replication"), "master_link_status:up")
	})
	return replica
}

// URL is the server's URL.
func (s *Server) URL() string { return "redis://" + s.Addr }

// Command runs a command with redis-cli and returns its output.
func (s *Server) Command(t testing.TB, args ...string) string {
	t.Helper()
	out, err := cli(s.Addr, args...)
	if err != nil {
		t.Fatalf("redis-cli %s: %v", strings.Join(args, " "), err)
	}
	return out
}

// Load runs the commands in a file with redis-cli, one a line.
func (s *Server) Load(t testing.TB, path string) {
	t.Helper()
	commands, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer commands.Close()
	if out, err := cliReading(commands, s.Addr); err != nil || strings.Contains(out, "ERR") {
		t.Fatalf("redis-cli < %s: %v: %s", path, err, out)
	}
}

// Kill ends the server like kill -9.
func (s *Server) Kill(t testing.TB) {
	t.Helper()
	if err := s.run.kill(); err != nil {
		t.Fatalf("kill Redis: %v", err)
	}
	s.run = nil
}

// Restart starts a server that was killed, on the same port and with the data on its disk, and
// returns when it answers.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	if err := s.start(); err != nil {
		t.Fatalf("start Redis: %v", err)
	}
}

// Replace starts a server without any data in place of one that was killed.
func (s *Server) Replace(t testing.TB) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(s.dir, "*"))
	for _, file := range files {
		err = errors.Join(err, os.RemoveAll(file))
	}
	if err != nil {
		t.Fatal(err)
	}
	s.Restart(t)
}

// Pause stops the server with SIGSTOP: connections stay open, and nothing answers.
func (s *Server) Pause(t testing.TB) {
	t.Helper()
	if err := s.run.pause(); err != nil {
		t.Fatalf("pause Redis: %v", err)
	}
}

// Resume lets a paused server go on.
func (s *Server) Resume(t testing.TB) {
	t.Helper()
	if err := s.run.resume(); err != nil {
		t.Fatalf("resume Redis: %v", err)
	}
}

// Until waits until a condition holds, and fails the test after a minute.
func Until(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for began := time.Now(); !holds(); time.Sleep(pollEvery) {
		if time.Since(began) > patience {
			t.Fatalf("waited %v until %s", patience, what)
		}
	}
}
