package sqlitestore_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/sqlitestore"
	"github.com/latchkey-dev/latchkey/storetest"
)

func open(t *testing.T, path string) *sqlitestore.Store {
	t.Helper()
	s, err := sqlitestore.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestStoreInFile(t *testing.T) {
	storetest.Run(t, func(t *testing.T) latchkey.Store { return open(t, filepath.Join(t.TempDir(), "sessions.db")) })
}

func TestStoreInMemory(t *testing.T) {
	storetest.Run(t, func(t *testing.T) latchkey.Store { return open(t, "") })
}

func TestWatcher(t *testing.T) {
	for name, path := range map[string]string{"file": filepath.Join(t.TempDir(), "sessions.db"), "memory": ""} {
		t.Run(name, func(t *testing.T) {
			storetest.RunWatcher(t, func(t *testing.T) (a, b latchkey.Store) {
				if path != "" {
					path = filepath.Join(t.TempDir(), "sessions.db")
				}
				s := open(t, path)
				return s, s
			})
		})
	}
}

// TestForeignWrite: a write by another process ends the stream, so that nothing stale is served.
func TestForeignWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sessions.db")
	own, foreign := open(t, path), open(t, path)
	beats, ended := make(chan struct{}, 1), make(chan error)
	go func() {
		ended <- own.Watch(t.Context(), func(latchkey.ID) {}, func(time.Time) {
			select {
			case beats <- struct{}{}:
			default:
			}
		})
	}()
	<-beats
	rec := &latchkey.Record{ID: latchkey.ID{1}, Version: 1, App: "store", Deadline: time.UnixMilli(5)}
	if err := own.Create(t.Context(), rec); err != nil {
		t.Fatal(err)
	}
	if err := own.Touch(t.Context(), []latchkey.Seen{{ID: rec.ID, At: time.Now()}}); err != nil {
		t.Fatal(err)
	}
	for range 3 { // one's own writes are none of another
		select {
		case <-beats:
		case err := <-ended:
			t.Fatal(err)
		}
	}
	next := *rec
	next.Version = 2
	if err := foreign.Swap(t.Context(), &next); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("ended with %v", err)
	}
}

func TestReopen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a name with ? and # .db")
	rec := &latchkey.Record{ID: latchkey.ID{1}, Version: 1, App: "store", Deadline: time.UnixMilli(5)}
	s := open(t, path)
	if err := s.Create(t.Context(), rec); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := open(t, path).Get(t.Context(), rec.ID)
	if err != nil || got.App != "store" {
		t.Errorf("after reopening: %+v, %v", got, err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file's mode is %v, %v; want 0600", info.Mode(), err)
	}
}

func TestRefusesOtherFiles(t *testing.T) {
	dir := t.TempDir()
	raw := func(name, statement string) string {
		path := filepath.Join(dir, name)
		db, err := sql.Open("sqlite", path)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
		return path
	}
	garbage := filepath.Join(dir, "garbage.db")
	if err := os.WriteFile(garbage, []byte(strings.Repeat("not a database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	newer := filepath.Join(dir, "newer.db")
	if err := open(t, newer).Close(); err != nil {
		t.Fatal(err)
	}
	raw("newer.db", `INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)`)
	for path, want := range map[string]string{
		garbage: "cannot read the file as a database",
		raw("foreign.db", `CREATE TABLE bookmarks (url TEXT)`): "another program",
		newer:                              "newer program",
		filepath.Join(dir, "none", "x.db"): "no such file or directory",
	} {
		_, err := sqlitestore.Open(t.Context(), path)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), filepath.Base(path)) {
			t.Errorf("%s: %v; want %q", filepath.Base(path), err, want)
		}
	}
}
