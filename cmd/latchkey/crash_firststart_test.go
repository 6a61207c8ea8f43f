package main

import (
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/latchkey-dev/latchkey/internal/configfile"
)

// TestCrashAtFirstStart kills the very first start, which creates everything. The next one must
// recover from what is there.
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

// A very first start that fails just after creating the database of sessions, as on a full disk,
// does not count: the next one creates what is missing.
func TestFirstStartThatFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "latchkey.yaml")
	file, err := configfile.Parse(path, []byte("provider: {listen: '127.0.0.1:0'}\napps:\n  - {host: app.localhost, application_id: 3c219e58-ed0e-4b18-ad48-f4f92793ae32, upstream: 'http://127.0.0.1:3000'}\n"), os.LookupEnv)
	if err != nil {
		t.Fatal(err)
	}
	full := filepath.Join(file.Data, "sessions.db-wal")
	if err := errors.Join(os.Mkdir(file.Data, 0o700), os.Mkdir(full, 0o700)); err != nil { // SQLite can create the database, but not write to it
		t.Fatal(err)
	}
	addr := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8080}
	log := slog.New(slog.DiscardHandler)
	if _, err := openServing(t.Context(), file, log, addr); err == nil {
		t.Fatal("a start without a place for the log of its database succeeds")
	}
	if _, err := os.Stat(filepath.Join(file.Data, "sessions.db")); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(full); err != nil {
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
