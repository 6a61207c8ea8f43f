package postgres_test

import (
	"database/sql"
	"errors"
	"testing"
	"testing/fstest"

	"github.com/latchkey-dev/latchkey/internal/crash"
	"github.com/latchkey-dev/latchkey/internal/pgtest"
	"github.com/latchkey-dev/latchkey/internal/postgres"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

var migrations = fstest.MapFS{"00001_begin.sql": {Data: []byte("-- +goose Up\nCREATE TABLE notes (id bigint PRIMARY KEY, text text NOT NULL);\n")}}

// A write that panics is rolled back immediately: its locks are released, and its connection is
// used again.
func TestPanicInAWrite(t *testing.T) {
	server := pgtest.Shared(t)
	db, err := postgres.Open(t.Context(), server.Database(t), postgres.Provider, migrations)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	write := func(text string, end func() error) error {
		return db.Write(t.Context(), func(tx *sql.Tx) error {
			if _, err := tx.Exec(`INSERT INTO notes VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET text = excluded.text`, text); err != nil {
				return err
			}
			return end()
		})
	}
	good := func() error { return nil }
	if err := write("first", good); err != nil {
		t.Fatal(err)
	}
	for range 100 { // more than there are connections
		err := write("half", func() error {
			var none *struct{ n int }
			_ = none.n
			return nil
		})
		if _, crashed := errors.AsType[*crash.Error](err); !crashed {
			t.Fatalf("%v", err)
		}
	}
	var text string
	if err := db.QueryRowContext(t.Context(), `SELECT text FROM notes`).Scan(&text); err != nil || text != "first" {
		t.Errorf("%q, %v", text, err)
	}
	if err := write("last", good); err != nil {
		t.Error(err)
	}
}
