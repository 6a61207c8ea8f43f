package sqlite_test

import (
	"database/sql"
	"testing"
	"testing/fstest"

	"github.com/latchkey-dev/latchkey/internal/sqlite"
)

// Each database in memory begins empty, with the schema that its caller wants, and by itself.
func TestMemory_beginsAlone(t *testing.T) {
	first := open(t, "")
	write := func(db *sqlite.DB, statement string) {
		t.Helper()
		if err := db.Write(t.Context(), func(tx *sql.Tx) error { _, err := tx.Exec(statement); return err }); err != nil {
			t.Fatal(err)
		}
	}
	write(first, `INSERT INTO notes (text) VALUES ('first')`)
	second := open(t, "")
	if n := count(t, second); n != 0 {
		t.Errorf("%d rows at the start", n)
	}
	write(second, `INSERT INTO notes (text) VALUES ('second'), ('third')`)
	if n, m := count(t, first), count(t, second); n != 1 || m != 2 {
		t.Errorf("%d and %d rows, want 1 and 2", n, m)
	}
	more := fstest.MapFS{"00001_begin.sql": migrations["00001_begin.sql"], "00002_more.sql": {Data: []byte("-- +goose Up\nCREATE TABLE more (id INTEGER PRIMARY KEY) STRICT;\n")}}
	other, err := sqlite.Open(t.Context(), "", sqlite.Sessions, more)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	write(other, `INSERT INTO more (id) VALUES (1)`)
	var version int
	if err := second.QueryRowContext(t.Context(), `SELECT max(version_id) FROM goose_db_version`).Scan(&version); err != nil || version != 1 {
		t.Errorf("version %d, %v", version, err)
	}
}
