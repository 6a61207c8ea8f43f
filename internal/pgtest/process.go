package pgtest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// patience is how long a server may take to start or to stop.
const patience = time.Minute

// requireInstalled skips the test if PostgreSQL is not installed.
func requireInstalled(t testing.TB) {
	t.Helper()
	for _, name := range []string{"initdb", "postgres"} {
		if _, err := program(name); err != nil {
			if os.Getenv("CI") != "" {
				t.Fatal(err)
			}
			t.Skip(err)
		}
	}
}

// program finds a program of the server: in PATH, or where Debian and Homebrew put it. The newest
// version wins.
func program(name string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	newest, newestVersion := "", -1
	for _, pattern := range []string{"/usr/lib/postgresql/*/bin/", "/usr/pgsql-*/bin/", "/opt/homebrew/opt/postgresql@*/bin/", "/usr/local/opt/postgresql@*/bin/"} {
		found, _ := filepath.Glob(pattern + name)
		for _, path := range found {
			digits := strings.FieldsFunc(path, func(r rune) bool { return r < '0' || r > '9' })
			if version, err := strconv.Atoi(digits[len(digits)-1]); err == nil && version > newestVersion {
				newest, newestVersion = path, version
			}
		}
	}
	if newest == "" {
		return "", fmt.Errorf("PostgreSQL is not installed: no %s (scripts/install-test-tools installs it)", name)
	}
	return newest, nil
}

// create creates a server and starts it.
func create() (*Server, error) {
	dir, err := os.MkdirTemp("", "pgtest")
	if err != nil {
		return nil, err
	}
	s := &Server{dir: dir, password: rand.Text()}
	if err := s.init(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if err := s.start(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return s, nil
}

func (s *Server) init() error {
	port, err := freePort()
	if err != nil {
		return err
	}
	s.Addr = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	passwordFile := filepath.Join(s.dir, "password")
	if err := os.WriteFile(passwordFile, []byte(s.password), 0o600); err != nil {
		return err
	}
	if err := giveAway(s.dir, passwordFile); err != nil {
		return err
	}
	if err := s.makeCertificate(); err != nil {
		return err
	}
	initdb, err := program("initdb")
	if err != nil {
		return err
	}
	cmd := exec.Command(initdb, "--pgdata", s.data(), "--username", "postgres", "--pwfile", passwordFile,
		"--auth", "scram-sha-256", "--encoding", "UTF8", "--no-locale", "--no-sync")
	cmd.Dir = s.dir
	dropPrivileges(cmd)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	return nil
}

// freePort looks below the ephemeral ports, so that none is taken while the server is stopped.
func freePort() (int, error) {
	for range 100 {
		n, err := rand.Int(rand.Reader, big.NewInt(10_000))
		if err != nil {
			return 0, err
		}
		port := 20_000 + int(n.Int64())
		if l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port))); err == nil {
			return port, l.Close()
		}
	}
	return 0, errors.New("no free port between 20000 and 30000")
}

// A process is one run of the server.
type process struct {
	cmd    *exec.Cmd
	exited chan struct{}
	log    string
}

// start starts the server. After a kill its last processes may live a moment longer, and it refuses
// to start beside them.
func (s *Server) start() error {
	for began := time.Now(); ; {
		err := s.startOnce()
		if err == nil || !strings.Contains(err.Error(), "pre-existing shared memory block") || time.Since(began) > patience {
			return err
		}
	}
}

func (s *Server) startOnce() error {
	postgres, err := program("postgres")
	if err != nil {
		return err
	}
	_, port, err := net.SplitHostPort(s.Addr)
	if err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(s.dir, "log"))
	if err != nil {
		return err
	}
	defer log.Close()
	run := &process{exited: make(chan struct{}), log: log.Name()}
	run.cmd = exec.Command(postgres, "-D", s.data(), "-c", "listen_addresses=127.0.0.1", "-c", "port="+port, "-c", "unix_socket_directories="+s.dir,
		"-c", "ssl=on", "-c", "ssl_cert_file="+s.certificate(), "-c", "ssl_key_file="+s.privateKey())
	run.cmd.Dir, run.cmd.Stdout, run.cmd.Stderr = s.dir, log, log
	dropPrivileges(run.cmd)
	started := make(chan error)
	go func() {
		dieTogether(run.cmd)
		err := run.cmd.Start()
		started <- err
		if err == nil {
			run.cmd.Wait()
			close(run.exited)
		}
	}()
	if err := <-started; err != nil {
		return err
	}
	s.run = run
	if err := s.answers(); err != nil {
		err = errors.Join(err, errors.New(run.tail()), run.kill())
		s.run = nil
		return err
	}
	return nil
}

// answers waits until the server answers.
func (s *Server) answers() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, s.url(s.Addr, "postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-s.run.exited:
			return fmt.Errorf("the server exited at once: %w", err)
		case <-ctx.Done():
			return fmt.Errorf("the server does not answer: %w", err)
		}
	}
}

// tail is the end of the server's log, for the message of an error.
func (p *process) tail() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-2000):])
}

// interrupt asks for a fast shutdown.
func (p *process) interrupt() error {
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-p.exited:
		return nil
	case <-time.After(patience):
		return errors.Join(fmt.Errorf("the server does not stop within %v: %s", patience, p.tail()), p.kill())
	}
}

// kill ends all processes of the server. The child processes would notice the end of the first one
// soon, but could serve another query before.
func (p *process) kill() error {
	others := children(p.cmd.Process.Pid)
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	<-p.exited
	killAll(others)
	return nil
}
