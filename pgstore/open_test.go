package pgstore_test

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/internal/pgtest"
	"github.com/latchkey-dev/latchkey/pgstore"
)

// query returns one value from the database at a URL.
func query[T any](t testing.TB, url, sql string, args ...any) (value T) {
	t.Helper()
	conn := connect(t, url)
	defer conn.Close(context.Background())
	if err := conn.QueryRow(t.Context(), sql, args...).Scan(&value); err != nil && !errors.Is(err, pgx.ErrNoRows) {
		t.Fatalf("%s: %v", sql, err)
	}
	return value
}

func connect(t testing.TB, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

// TestOpenTogether: nodes that start together on an empty database do not hinder one another.
func TestOpenTogether(t *testing.T) {
	url := pgtest.Shared(t).Database(t)
	stores := make([]*pgstore.Store, 6)
	var all sync.WaitGroup
	for i := range stores {
		all.Go(func() {
			var err error
			if stores[i], err = pgstore.Open(t.Context(), url); err != nil {
				t.Errorf("open: %v", err)
			}
		})
	}
	all.Wait()
	if t.Failed() {
		return
	}
	rec := session()
	if err := stores[0].Create(t.Context(), rec); err != nil {
		t.Fatal(err)
	}
	for _, s := range stores {
		if _, err := s.Get(t.Context(), rec.ID); err != nil {
			t.Error(err)
		}
		if err := errors.Join(s.Close(), s.Close()); err != nil {
			t.Errorf("close: %v", err)
		}
	}
	if _, err := open(t, url).Get(t.Context(), rec.ID); err != nil {
		t.Errorf("after reopening: %v", err)
	}
}

func TestNewerSchema(t *testing.T) {
	url := pgtest.Shared(t).Database(t)
	if err := open(t, url).Close(); err != nil {
		t.Fatal(err)
	}
	query[int](t, url, `INSERT INTO latchkey_sessions.goose_db_version (version_id, is_applied) VALUES (9999, true) RETURNING id`)
	if _, err := pgstore.Open(t.Context(), url); err == nil || !strings.Contains(err.Error(), "newer program") {
		t.Errorf("a newer schema: %v", err)
	}
}

// TestOrdinaryRole: a role that may not create schemas is enough if an administrator has created
// ours.
func TestOrdinaryRole(t *testing.T) {
	server := pgtest.Shared(t)
	url := server.Database(t)
	plain := ordinary(t, server, url)
	if _, err := pgstore.Open(t.Context(), plain); err == nil || !strings.Contains(err.Error(), "create the schema latchkey_sessions") {
		t.Errorf("without the right to make a schema: %v", err)
	}
	query[int](t, url, `CREATE SCHEMA latchkey_sessions AUTHORIZATION plain`)
	if err := open(t, plain).Create(t.Context(), session()); err != nil {
		t.Error(err)
	}
}

// ordinary creates the role plain, which owns nothing, and returns the URL with it.
func ordinary(t *testing.T, server *pgtest.Server, url string) string {
	t.Helper()
	server.Exec(t, `DO $$ BEGIN CREATE ROLE plain LOGIN PASSWORD 'plain'; EXCEPTION WHEN duplicate_object THEN NULL; END $$`)
	_, rest, _ := strings.Cut(url, "@")
	return "postgres://plain:plain@" + rest
}

func TestOpenRefuses(t *testing.T) {
	server := pgtest.Shared(t)
	url := server.Database(t)
	_, database, _ := strings.Cut(url, server.Addr)
	readOnly := server.Database(t)
	query[int](t, readOnly, `DO $$ BEGIN EXECUTE 'ALTER DATABASE ' || current_database() || ' SET default_transaction_read_only = on'; END $$`)
	for name, c := range map[string]struct{ url, want string }{
		"no URL":             {"host=localhost password=hunter2", "not a URL"},
		"other scheme":       {"mysql://u:hunter2@127.0.0.1/x", "not a URL"},
		"malformed":          {"postgres://u:hunter2%zz@127.0.0.1/x", "malformed"},
		"raw character":      {"postgres://u:hunter2#1@127.0.0.1/x", "malformed"},
		"bad parameter":      {"postgres://u:hunter2@127.0.0.1/x?sslmode=perhaps", "sslmode"},
		"bad port":           {"postgres://u:hunter2@127.0.0.1:99999/x", "port"},
		"wrong password":     {"postgres://postgres:hunter2@" + server.Addr + database, "password authentication failed"},
		"no such database":   {url[:strings.LastIndex(url, "/")] + "/none?sslmode=disable", "does not exist"},
		"nobody listens":     {"postgres://u:hunter2@" + closedPort(t) + "/x?sslmode=disable", "refused"},
		"a read-only server": {readOnly, "read only"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := pgstore.Open(t.Context(), c.url)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v; want %q", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error shows the password: %v", err)
			}
		})
	}
}

func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// TestClose: running calls complete, every Watch ends, and later calls fail.
func TestClose(t *testing.T) {
	s := open(t, pgtest.Shared(t).Database(t))
	began, ended := make(chan struct{}), make(chan error)
	go func() {
		begin := sync.OnceFunc(func() { close(began) })
		ended <- s.Watch(t.Context(), func(latchkey.ID) {}, func(time.Time) { begin() })
	}()
	<-began
	var writes sync.WaitGroup
	for range 20 {
		writes.Go(func() {
			if err := s.Create(t.Context(), session()); err != nil && !strings.Contains(err.Error(), "closed") {
				t.Errorf("a Create beside Close: %v", err)
			}
		})
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ended; err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("Watch ended with %v", err)
	}
	writes.Wait()
	_, getErr := s.Get(t.Context(), latchkey.ID{})
	_, sweepErr := s.Sweep(t.Context(), time.Now())
	for name, err := range map[string]error{
		"Create": s.Create(t.Context(), session()), "Get": getErr, "Sweep": sweepErr,
		"Watch": s.Watch(t.Context(), func(latchkey.ID) {}, func(time.Time) {}),
	} {
		if err == nil || errors.Is(err, latchkey.ErrNotFound) || errors.Is(err, latchkey.ErrConflict) {
			t.Errorf("%s after Close: %v", name, err)
		}
	}
}

// TestForeignSchema: a schema of our name with tables that we did not create is left unchanged.
func TestForeignSchema(t *testing.T) {
	url := pgtest.Shared(t).Database(t)
	query[int](t, url, `CREATE SCHEMA latchkey_sessions CREATE TABLE sessions (mine int)`)
	_, err := pgstore.Open(t.Context(), url)
	if err == nil || errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "already exists") {
		t.Errorf("a foreign table: %v", err)
	}
	if n := query[int](t, url, `SELECT count(*) FROM latchkey_sessions.sessions`); n != 0 {
		t.Error("the foreign table was changed")
	}
}
