package pgtest_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/latchkey-dev/latchkey/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

func TestRestart(t *testing.T) {
	s := pgtest.Start(t)
	url := s.Database(t)
	if _, err := connect(t, url).Exec(t.Context(), `CREATE TABLE notes AS SELECT 1 AS n`); err != nil {
		t.Fatal(err)
	}
	for name, end := range map[string]func(testing.TB){"stop": s.Stop, "kill": s.Kill} {
		end(t)
		if conn, err := net.DialTimeout("tcp", s.Addr, time.Second); err == nil {
			conn.Close()
			t.Errorf("after %s the port is still open", name)
		}
		s.Resume(t)
		var n int
		if err := connect(t, url).QueryRow(t.Context(), `SELECT n FROM notes`).Scan(&n); err != nil || n != 1 {
			t.Errorf("after %s: %d, %v", name, n, err)
		}
	}
}

func TestSharedAsInProduction(t *testing.T) {
	server := pgtest.Shared(t)
	conn := connect(t, server.Secure(t, server.Database(t)))
	var secured bool
	if err := conn.QueryRow(t.Context(), `SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()`).Scan(&secured); err != nil || !secured {
		t.Errorf("TLS: %v, %v", secured, err)
	}
	for setting, want := range map[string]string{"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "is_superuser": "on"} {
		var got string
		if err := conn.QueryRow(t.Context(), `SELECT current_setting($1)`, setting).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %q, %v", setting, got, err)
		}
	}
	if _, err := pgx.Connect(t.Context(), "postgres://postgres:wrong@"+server.Addr+"/postgres?sslmode=disable"); err == nil {
		t.Error("a wrong password is let in")
	}
}

// TestLeavesNothing: the files of a server are removed with the test.
func TestLeavesNothing(t *testing.T) {
	temp := t.TempDir()
	for _, dir := range []string{temp, filepath.Dir(temp)} { // the server's user must reach it
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("use", func(t *testing.T) {
		t.Setenv("TMPDIR", temp)
		pgtest.Start(t)
	})
	left, err := os.ReadDir(temp)
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
