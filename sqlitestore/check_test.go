package sqlitestore_test

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	"github.com/latchkey-dev/latchkey/sqlitestore"
)

// Check says what Open would fail with, and changes nothing.
func TestCheck(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sessions.db")
	store, err := sqlitestore.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	current, newest, err := sqlitestore.Check(t.Context(), path)
	if err != nil || current != newest || newest < 1 {
		t.Errorf("schema %d of %d, %v", current, newest, err)
	}
	for _, c := range []struct{ change, says string }{
		{`INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, 1)`, "schema 99, but this program knows"},
		{`PRAGMA application_id = 7`, "another program"},
	} {
		db, err := sql.Open("sqlite", path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec(c.change); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		for range 2 { // the first check has changed nothing
			if _, _, err := sqlitestore.Check(t.Context(), path); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%s: %v", c.change, err)
			}
		}
	}
}
