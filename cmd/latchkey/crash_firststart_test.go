package main

import (
	"context"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/latchkey-dev/latchkey/internal/configfile"
)

// TestCrashAtFirstStart kills the very first start, in which everything is made. The next one must get by with what is there.
func TestCrashAtFirstStart(t *testing.T) {
	for i := range max(3, *crashKills/10) {
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			c := newCrash(t)
			c.killBeforeReady("127.0.0.1:0", "127.0.0.1:0")
			c.rise()
			c.newShopper("kettle").visitOnce()
			c.newest.Load().kill()
			c.newest.Load().cmd.Wait()
			c.checkDatabases()
		})
	}
}

// A very first start that ends when the database of sessions has just been made, as on a full disk, is none: the next one makes what is missing.
func TestFirstStartThatFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "latchkey.yaml")
	file, err := configfile.Parse(path, []byte("provider: {listen: '127.0.0.1:0'}\napps:\n  - {host: app.localhost, application_id: 3c219e58-ed0e-4b18-ad48-f4f92793ae32, upstream: 'http://127.0.0.1:3000'}\n"), os.LookupEnv)
	if err != nil {
		t.Fatal(err)
	}
	ends, end := context.WithCancel(t.Context())
	end()
	addr := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8080}
	log := slog.New(slog.DiscardHandler)
	if _, err := openServing(ends, file, log, addr); err == nil {
		t.Fatal("a start that was broken off succeeds")
	}
	if _, err := os.Stat(filepath.Join(file.Data, "sessions.db")); err != nil {
		t.Fatal(err)
	}
	s, err := openServing(t.Context(), file, log, addr)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
