// Package pgtest runs a real PostgreSQL for tests, from the programs installed on this machine: no
// container, no system service, nothing left behind. If they are missing, a test that needs one is
// skipped, but fails in CI.
package pgtest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// A Server is a PostgreSQL that listens on 127.0.0.1 and asks for a password. Its settings are
// those of production: what it has committed is on disk.
type Server struct {
	Addr string // host:port, the same after a restart

	password string
	dir      string
	run      *process // nil: not running
}

// Start starts a server for one test, which may stop or kill it.
func Start(t testing.TB) *Server {
	t.Helper()
	requireInstalled(t)
	s, err := create()
	if err != nil {
		t.Fatalf("start PostgreSQL: %v", err)
	}
	t.Cleanup(func() {
		if err := s.remove(); err != nil {
			t.Errorf("remove PostgreSQL: %v", err)
		}
	})
	return s
}

// The server that the tests of one package share.
var (
	sharedOnce sync.Once
	shared     *Server
	errShared  error
)

// Shared returns the server that all tests of a package share. The package's TestMain calls Main,
// which stops it.
func Shared(t testing.TB) *Server {
	t.Helper()
	requireInstalled(t)
	sharedOnce.Do(func() { shared, errShared = create() })
	if errShared != nil {
		t.Fatalf("start PostgreSQL: %v", errShared)
	}
	return shared
}

// Main runs the tests of a package (a testing.M, or more), and removes the server that they shared.
func Main(m interface{ Run() int }) {
	code := m.Run()
	if shared != nil {
		if err := shared.remove(); err != nil {
			fmt.Fprintln(os.Stderr, "remove PostgreSQL:", err)
			code = max(code, 1)
		}
	}
	os.Exit(code)
}

// Database creates an empty database and returns its URL.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	name := "t" + strings.ToLower(rand.Text())
	s.Exec(t, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize())
	return s.url(s.Addr, name)
}

// Via is the URL of a database at another address, such as a proxy's.
func (s *Server) Via(databaseURL, addr string) string {
	u, err := url.Parse(databaseURL)
	if err != nil {
		panic(err) // it comes from Database
	}
	u.Host = addr
	return u.String()
}

// Exec runs a statement in the database "postgres", as the superuser.
func (s *Server) Exec(t testing.TB, statement string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.url(s.Addr, "postgres"))
	if err != nil {
		t.Fatalf("connect to PostgreSQL: %v", err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func (s *Server) url(addr, database string) string {
	u := url.URL{Scheme: "postgres", User: url.UserPassword("postgres", s.password), Host: addr, Path: "/" + database, RawQuery: "sslmode=disable"}
	return u.String()
}

// Stop shuts the server down: sessions are terminated, and everything is written to disk.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	if err := s.stop(); err != nil {
		t.Fatalf("stop PostgreSQL: %v", err)
	}
}

// Kill ends the server like kill -9: nothing is written to disk. It returns when its last process
// has released the port.
func (s *Server) Kill(t testing.TB) {
	t.Helper()
	if err := s.run.kill(); err != nil {
		t.Fatalf("kill PostgreSQL: %v", err)
	}
	s.run = nil
	for late := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		conn, err := net.DialTimeout("tcp", s.Addr, patience)
		if err != nil {
			return
		}
		conn.Close()
		if time.Now().After(late) {
			t.Fatal("PostgreSQL lives on after its first process was killed")
		}
	}
}

// Resume starts a server that was stopped or killed, and returns when it answers.
func (s *Server) Resume(t testing.TB) {
	t.Helper()
	if err := s.start(); err != nil {
		t.Fatalf("start PostgreSQL: %v", err)
	}
}

func (s *Server) stop() error {
	run := s.run
	s.run = nil
	return run.interrupt()
}

// remove stops the server, if it runs, and deletes its files.
func (s *Server) remove() error {
	var err error
	if s.run != nil {
		err = s.stop()
	}
	return errors.Join(err, os.RemoveAll(s.dir))
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }
