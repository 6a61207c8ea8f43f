package redistest

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

const (
	patience  = time.Minute // how long a server may take to start
	pollEvery = 20 * time.Millisecond
)

// requireInstalled skips the test if Redis is not installed.
func requireInstalled(t testing.TB) {
	t.Helper()
	for _, name := range []string{"redis-server", "redis-cli"} {
		if _, err := exec.LookPath(name); err != nil {
			if os.Getenv("CI") != "" {
				t.Fatalf("%v (scripts/install-test-tools installs it)", err)
			}
			t.Skip(err)
		}
	}
}

// busOffset is the distance from a node's port to its cluster bus port.
const busOffset = 10_000

var errTaken = errors.New("the port is taken")

// startOnFreePort looks below the ephemeral ports, so that none is taken while the server is down.
func (s *Server) startOnFreePort() error {
	err := errTaken
	for range 100 {
		port := 10_000 + rand.IntN(10_000)
		s.Addr = address(port)
		if !free(port) || !free(port+busOffset) {
			continue
		}
		if err = s.start(); !errors.Is(err, errTaken) {
			return err
		}
	}
	return err
}

func address(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

func free(port int) bool {
	l, err := net.Listen("tcp", address(port))
	if err != nil {
		return false
	}
	return l.Close() == nil
}

// A process is one run of a server.
type process struct {
	cmd    *exec.Cmd
	exited chan struct{}
}

func (s *Server) start() error {
	_, port, err := net.SplitHostPort(s.Addr)
	if err != nil {
		return err
	}
	config := filepath.Join(s.dir, "redis.conf")
	lines := append([]string{"port " + port, "bind 127.0.0.1", "dir " + s.dir, `save ""`, "appendonly no", "logfile redis.log", "repl-diskless-sync-delay 0"}, s.settings...)
	if err := os.WriteFile(config, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		return err
	}
	run := &process{cmd: exec.Command("redis-server", config), exited: make(chan struct{})}
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
	if err := s.answers(run); err != nil {
		run.kill()
		return err
	}
	s.run = run
	return nil
}

// answers waits until the server answers. An error is an answer too, unless it is still loading.
func (s *Server) answers(run *process) error {
	for began := time.Now(); time.Since(began) < patience; {
		out, err := cli(s.Addr, "PING")
		if err == nil && !strings.Contains(out, "LOADING") {
			return nil
		}
		select {
		case <-run.exited:
			log, _ := os.ReadFile(filepath.Join(s.dir, "redis.log"))
			if strings.Contains(string(log), "Address already in use") {
				return errTaken
			}
			return fmt.Errorf("the server exited at once: %s", log)
		case <-time.After(pollEvery):
		}
	}
	return errors.New("the server does not answer")
}

// cli runs redis-cli. It fails if there is no server, but not if the server answers with an error.
func cli(addr string, args ...string) (string, error) { return cliReading(nil, addr, args...) }

// cliReading is cli with commands on its standard input.
func cliReading(commands io.Reader, addr string, args ...string) (string, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "", err
	}
	cmd := exec.Command("redis-cli", append([]string{"-h", host, "-p", port}, args...)...)
	cmd.Stdin = commands
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return strings.TrimRight(string(out), "\n"), nil
}

func (p *process) kill() error {
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	<-p.exited
	return nil
}
