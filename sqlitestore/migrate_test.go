package sqlitestore_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/latchkey-dev/latchkey/internal/sizetest"
	"github.com/latchkey-dev/latchkey/internal/sqlite"
)

// TestMigration: a file of the first schema keeps its sessions.
func TestMigration(t *testing.T) {
	first, err := os.ReadFile("schema/00001_begin.sql")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "sessions.db")
	db, err := sqlite.Open(t.Context(), path, sqlite.Sessions, fstest.MapFS{"00001_begin.sql": {Data: first}})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Write(t.Context(), func(tx *sql.Tx) error { return insert(tx, 0, 100) }); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 { // migrated, and as it is
		s := open(t, path)
		for n := range 100 {
			want := sizetest.Session(n)
			if got, err := s.Get(t.Context(), want.ID); err != nil || got.User.Email != want.User.Email || !got.Deadline.Equal(want.Deadline) {
				t.Fatalf("session %d: %+v, %v", n, got, err)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
